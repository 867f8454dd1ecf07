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

from lorvp.lazy import lazily

if TYPE_CHECKING:
    from lorvp.deployment.classifier import Answer as Answer
    from lorvp.deployment.classifier import Classifier as Classifier
    from lorvp.deployment.load import load as load
    from lorvp.prompts.contents.low_rank import LowRank as LowRank
    from lorvp.prompts.placements.regions import Regions as Regions

__version__ = "0.1.0"
# Whoever only wants one small module should not wait for torch.
__getattr__ = lazily(
    __name__,
    {
        "Answer": "lorvp.deployment.classifier",
        "Classifier": "lorvp.deployment.classifier",
        "LowRank": "lorvp.prompts.contents.low_rank",
        "Regions": "lorvp.prompts.placements.regions",
        "load": "lorvp.deployment.load",
    },
)
