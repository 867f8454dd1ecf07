"""The placements there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.plugins.kinds import by_kind
from lorvp.prompts.placements.border import BorderConfig
from lorvp.prompts.placements.colours import ColoursConfig
from lorvp.prompts.placements.corner import CornerConfig
from lorvp.prompts.placements.everywhere import EverywhereConfig
from lorvp.prompts.placements.generated import GeneratedConfig
from lorvp.prompts.placements.outside import OutsideConfig
from lorvp.prompts.placements.product import ProductConfig
from lorvp.prompts.placements.random_square import RandomSquareConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.prompts.placements.sample_mask import SampleMaskConfig
from lorvp.settings import OR_KIND_ALONE

PlacementConfig = Annotated[
    EverywhereConfig
    | BorderConfig
    | CornerConfig
    | RandomSquareConfig
    | OutsideConfig
    | RegionsConfig
    | SampleMaskConfig
    | ColoursConfig
    | GeneratedConfig
    | ProductConfig,
    by_kind("lorvp.placements"),
    OR_KIND_ALONE,
]
