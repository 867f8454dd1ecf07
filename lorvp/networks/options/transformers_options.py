"""The settings of transformers' networks.

Which there are is known to the class of each network's configuration alone:
`lorvp.networks.libraries.transformers_models` compares them with it before it builds anything.
"""

from __future__ import annotations

from lorvp.networks.options.python_options import PythonOptions


class TransformersOptions(PythonOptions):
    """Plain values."""
