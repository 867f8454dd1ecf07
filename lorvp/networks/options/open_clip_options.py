"""The settings of open_clip's architectures that may be changed.

Its towers can also be timm's or transformers' networks with weights of their own; those are left
out, since building one opens a connection.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lorvp.networks.options.base import Count, Counts, Factor, Options, Rate, Width, Word
from lorvp.settings import Settings

Vocabulary = Annotated[int, Field(ge=1, le=2**20)]
Activation = dict[Literal["approximate"], Literal["tanh", "none"]]
Normalisation = dict[Literal["eps"], Rate]


class _Tower(Settings):
    """What both encoders have."""

    width: Width | None = None
    mlp_ratio: Factor | None = None
    ls_init_value: Factor | None = None
    final_ln_after_pool: bool | None = None
    pool_type: Word | None = None
    output_tokens: Literal[False] | None = None
    act_kwargs: Activation | None = None
    norm_kwargs: Normalisation | None = None
    block_type: Word | None = None
    qk_norm: bool | None = None
    scaled_cosine_attn: bool | None = None
    scale_heads: bool | None = None
    scale_attn_inner: bool | None = None
    scale_attn: bool | None = None
    scale_fc: bool | None = None


class VisionOptions(_Tower):
    """The image encoder."""

    layers: Count | Counts | None = None
    head_width: Width | None = None
    patch_size: Width | None = None
    image_size: Width | None = None
    patch_dropout: Rate | None = None
    attentional_pool: bool | None = None
    attn_pooler_queries: Count | None = None
    attn_pooler_heads: Count | None = None
    no_ln_pre: bool | None = None
    pos_embed_type: Word | None = None


class TextOptions(_Tower):
    """The text encoder."""

    context_length: Width | None = None
    vocab_size: Vocabulary | None = None
    heads: Count | None = None
    layers: Count | None = None
    embed_cls: bool | None = None
    pad_id: Vocabulary | Literal[0] | None = None
    eos_id: Vocabulary | Literal[0] | None = None
    no_causal_mask: bool | None = None
    proj_bias: bool | None = None
    proj_type: Word | None = None


class OpenClipOptions(Options):
    """Each replaces open_clip's own as a whole."""

    embed_dim: Width | None = None
    vision_cfg: VisionOptions | None = None
    text_cfg: TextOptions | None = None
    quick_gelu: bool | None = None
    custom_text: bool | None = None
    init_logit_scale: Factor | None = None
    init_logit_bias: Factor | None = None
    nonscalar_logit_scale: bool | None = None
