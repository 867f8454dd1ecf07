"""The datasets there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.datasets.digits import DigitsConfig
from lorvp.datasets.letters import LettersConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

DatasetConfig = Annotated[
    LettersConfig | DigitsConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
