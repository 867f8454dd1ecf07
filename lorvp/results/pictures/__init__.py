"""Pictures of a finished comparison, as Altair charts: for a README, a paper or a notebook."""

from lorvp.results.pictures.accuracy_by_method import accuracy_by_method
from lorvp.results.pictures.accuracy_by_setting import accuracy_by_setting, swept
from lorvp.results.pictures.accuracy_by_values import accuracy_by_values
from lorvp.results.pictures.confusion import confusion
from lorvp.results.pictures.curves import learning_curves, time_to_accuracy
from lorvp.results.pictures.examples import Example, examples
from lorvp.results.pictures.mapping import mapping_heatmap
from lorvp.results.pictures.prompts import prompt_gallery
from lorvp.results.pictures.regions import RegionView, chosen_regions
from lorvp.results.pictures.style import as_png, save, specification, write_png
from lorvp.results.pictures.summaries import history_rows
from lorvp.results.pictures.tiles import PromptView
from lorvp.results.pictures.tuning import along_keys, best_of_n, importances

__all__ = [
    "Example",
    "PromptView",
    "RegionView",
    "accuracy_by_method",
    "accuracy_by_setting",
    "accuracy_by_values",
    "along_keys",
    "as_png",
    "best_of_n",
    "chosen_regions",
    "confusion",
    "examples",
    "history_rows",
    "importances",
    "learning_curves",
    "mapping_heatmap",
    "prompt_gallery",
    "save",
    "specification",
    "swept",
    "time_to_accuracy",
    "write_png",
]
