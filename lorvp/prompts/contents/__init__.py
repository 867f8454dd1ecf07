"""The contents there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.plugins.kinds import by_kind
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.contents.gain import GainConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.contents.sigmoid import SigmoidConfig
from lorvp.prompts.contents.tile import TileConfig
from lorvp.settings import OR_KIND_ALONE

ContentConfig = Annotated[
    FreeConfig | SigmoidConfig | LowRankConfig | TileConfig | GainConfig,
    by_kind("lorvp.contents"),
    OR_KIND_ALONE,
]
