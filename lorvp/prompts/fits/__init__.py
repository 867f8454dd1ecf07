"""The fits there are. A new one: its file, and its name in the union below."""

from typing import Annotated

from lorvp.plugins.kinds import by_kind
from lorvp.prompts.fits.affine import AffineConfig
from lorvp.prompts.fits.cover import CoverConfig
from lorvp.prompts.fits.frame import FrameConfig
from lorvp.prompts.fits.resize import ResizeConfig
from lorvp.prompts.fits.scaled_frame import ScaledFrameConfig
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatchesConfig
from lorvp.settings import OR_KIND_ALONE

FitConfig = Annotated[
    ResizeConfig
    | FrameConfig
    | CoverConfig
    | ScaledFrameConfig
    | ShrunkenPatchesConfig
    | AffineConfig,
    by_kind("lorvp.fits"),
    OR_KIND_ALONE,
]
