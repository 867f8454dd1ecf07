"""The methods there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

MethodConfig = Annotated[
    NoneConfig | PadConfig | FullConfig | LorVpConfig | AdaViProConfig | ComposeConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
