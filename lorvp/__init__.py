"""Visual prompting of frozen networks: prompts, label mappings, training, tables.

    logits = mapping( network( normalise( fit(image) + content * placement ) ) )

Dimension letters, used as suffixes of tensor names wherever a shape matters:

    B batch   N images   C channels   H, W height, width
    S source classes (what the network was trained on)   K target classes (what we adapt to)
    D features           R regions along one side
    M source classes that stand for one target class

Nothing in this package imports Prefect, DVC or Weights & Biases; it works in a notebook.
"""

from typing import TYPE_CHECKING

import lazy_loader

from lorvp.version import VERSION

if TYPE_CHECKING:
    from lorvp.deployment.classifier import Answer as Answer
    from lorvp.deployment.classifier import Classifier as Classifier
    from lorvp.deployment.load import load as load
    from lorvp.networks.freeze import freeze as freeze
    from lorvp.prompts.contents.low_rank import LowRank as LowRank
    from lorvp.prompts.placements.regions import Regions as Regions

__version__ = VERSION
# Imported when they are first asked for: whoever wants one small module does not wait for torch.
__getattr__, __dir__, _names = lazy_loader.attach(
    __name__,
    submod_attrs={
        "deployment.classifier": ["Answer", "Classifier"],
        "deployment.load": ["load"],
        "networks.freeze": ["freeze"],
        "prompts.contents.low_rank": ["LowRank"],
        "prompts.placements.regions": ["Regions"],
    },
)
