"""Pictures of a finished comparison, as Altair charts: for a README, a paper or a notebook."""

from lorvp.pictures.accuracy import accuracy_by_method
from lorvp.pictures.confusion import confusion
from lorvp.pictures.curves import learning_curves, time_to_accuracy
from lorvp.pictures.examples import Example, examples, telling
from lorvp.pictures.gallery import prompt_gallery
from lorvp.pictures.heatmap import mapping_heatmap
from lorvp.pictures.regions import RegionView, chosen_regions
from lorvp.pictures.settings import accuracy_by_setting, swept
from lorvp.pictures.style import as_png, save, write_png
from lorvp.pictures.tiles import PromptView
from lorvp.pictures.values import accuracy_by_values

__all__ = [
    "Example",
    "PromptView",
    "RegionView",
    "accuracy_by_method",
    "accuracy_by_setting",
    "accuracy_by_values",
    "as_png",
    "chosen_regions",
    "confusion",
    "examples",
    "learning_curves",
    "mapping_heatmap",
    "prompt_gallery",
    "save",
    "swept",
    "telling",
    "time_to_accuracy",
    "write_png",
]
