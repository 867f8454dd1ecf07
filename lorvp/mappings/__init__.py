"""The mappings there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.plugins.kinds import by_kind
from lorvp.settings import OR_KIND_ALONE

MappingConfig = Annotated[
    IdentityConfig
    | RlmConfig
    | FlmConfig
    | IlmConfig
    | IlmOnlineConfig
    | EvpIndexConfig
    | BlmConfig
    | BlmPlusConfig
    | FmConfig
    | LpConfig
    | SemanticConfig
    | TextConfig
    | AttrVrConfig
    | PrmConfig
    | RvpConfig,
    by_kind("lorvp.mappings"),
    OR_KIND_ALONE,
]
