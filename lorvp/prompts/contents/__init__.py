"""The contents there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

ContentConfig = Annotated[
    FreeConfig | LowRankConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
