"""How many prompts a trial has, and which is for what. A new way: its file, and its name below."""

from typing import Annotated

from lorvp.plugins.kinds import by_kind
from lorvp.prompts.several.averaged import AveragedConfig
from lorvp.prompts.several.by_class import ByClassConfig
from lorvp.prompts.several.by_image import ByImageConfig
from lorvp.prompts.several.one import OneConfig
from lorvp.settings import OR_KIND_ALONE

SeveralConfig = Annotated[
    OneConfig | ByImageConfig | ByClassConfig | AveragedConfig,
    by_kind("lorvp.several"),
    OR_KIND_ALONE,
]
