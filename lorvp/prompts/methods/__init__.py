"""The methods there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.plugins.kinds import by_kind
from lorvp.prompts.methods.acavp import AcavpConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.blackvip import BlackVipConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.dam_vp import DamVpConfig
from lorvp.prompts.methods.dvp import DvpConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.prompts.methods.fixed_patch import FixedPatchConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.prompts.methods.patch_pad import PatchPadConfig
from lorvp.prompts.methods.patch_same import PatchSameConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.smm import SmmConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.settings import OR_KIND_ALONE

MethodConfig = Annotated[
    NoneConfig
    | PadConfig
    | FixedPatchConfig
    | RandomPatchConfig
    | PatchFreeConfig
    | PatchSameConfig
    | PatchPadConfig
    | LorVpConfig
    | AutoVpConfig
    | IlmVpConfig
    | EvpConfig
    | SmmConfig
    | FullConfig
    | AdaViProConfig
    | AcavpConfig
    | DamVpConfig
    | BlackVipConfig
    | DvpConfig
    | VptConfig
    | FullFinetuneConfig
    | ComposeConfig,
    by_kind("lorvp.methods"),
    OR_KIND_ALONE,
]
