"""What each library may be told of an architecture. A new library: its file, and its name below.

Manifests may come from anybody, so each library has a list of settings with their types.
"""

from lorvp.networks.options.open_clip_options import OpenClipOptions
from lorvp.networks.options.python_options import PythonOptions
from lorvp.networks.options.timm_options import TimmOptions
from lorvp.networks.options.torchvision_options import TorchvisionOptions
from lorvp.networks.options.transformers_options import TransformersOptions

OPTIONS = {
    "timm": TimmOptions,
    "torchvision": TorchvisionOptions,
    "open_clip": OpenClipOptions,
    "python": PythonOptions,
    "transformers": TransformersOptions,
}
