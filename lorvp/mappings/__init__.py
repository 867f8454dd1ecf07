"""The mappings there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import FlmConfig, IdentityConfig, IlmConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE

MappingConfig = Annotated[
    IdentityConfig | FlmConfig | IlmConfig | FmConfig | LpConfig,
    BY_KIND,
    OR_KIND_ALONE,
]
