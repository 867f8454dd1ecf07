"""Pictures of a finished comparison, as Altair charts: for a README, a paper or a notebook."""

from lorvp.pictures.accuracy import accuracy_by_method
from lorvp.pictures.curves import learning_curves
from lorvp.pictures.gallery import prompt_gallery
from lorvp.pictures.heatmap import mapping_heatmap
from lorvp.pictures.style import save
from lorvp.pictures.tiles import PromptView
from lorvp.pictures.values import accuracy_by_values

__all__ = [
    "PromptView",
    "accuracy_by_method",
    "accuracy_by_values",
    "learning_curves",
    "mapping_heatmap",
    "prompt_gallery",
    "save",
]
