"""How many prompts a trial has, and which is for what. A new way: its file, and its name below."""

from typing import Annotated

from lorvp.prompts.several.averaged import AveragedConfig
from lorvp.prompts.several.by_class import ByClassConfig
from lorvp.prompts.several.by_image import ByImageConfig
from lorvp.prompts.several.one import OneConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

SeveralConfig = Annotated[
    OneConfig | ByImageConfig | ByClassConfig | AveragedConfig, BY_KIND, OR_KIND_ALONE
]
