"""The placements there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.prompts.placements.border import BorderConfig
from lorvp.prompts.placements.everywhere import EverywhereConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

PlacementConfig = Annotated[
    EverywhereConfig | BorderConfig | RegionsConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
