"""The settings of timm's architectures that may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from lorvp.networks.options.base import (
    Count,
    Counts,
    Factor,
    Factors,
    Flags,
    Options,
    Rate,
    Width,
    Widths,
    Word,
)

_FILE = "weights come from `name`, or from a local `file`"
_WHOLE = "a whole classifier is needed"
_PLACED = "`compute` says where trials run"


class TimmOptions(Options):
    """timm's options under timm's names; each architecture takes some of them."""

    instead: ClassVar[Mapping[str, str]] = {
        "pretrained": _FILE,
        "pretrained_cfg": _FILE,
        "pretrained_cfg_overlay": _FILE,
        "pretrained_strict": _FILE,
        "checkpoint_path": _FILE,
        "cache_dir": "the variable HF_HOME says where downloads are kept",
        "img_size": "write `input_size`",
        "in_chans": "images have three channels",
        "num_classes": "it can only be given for a `file`",
        "features_only": _WHOLE,
        "feature_cls": _WHOLE,
        "out_indices": _WHOLE,
        "scriptable": "`training.compile` compiles a network",
        "exportable": "`lorvp export` exports a network",
        "no_jit": "`training.compile` compiles a network",
        "device": _PLACED,
        "dtype": "`training.precision` says in which precision a network computes",
    }

    # Dropout does nothing in a frozen network; hubs describe it all the same.
    drop_rate: Rate | None = None
    drop_path_rate: Rate | None = None
    drop_block_rate: Rate | None = None
    drop_connect_rate: Rate | None = None
    proj_drop_rate: Rate | None = None
    attn_drop_rate: Rate | None = None
    pos_drop_rate: Rate | None = None
    patch_drop_rate: Rate | None = None

    act_layer: Word | None = None
    norm_layer: Word | None = None
    aa_layer: Word | None = None
    global_pool: Word | None = None
    pad_type: Word | None = None
    pos_embed: Word | None = None
    rel_pos_type: Word | None = None
    rope_type: Word | None = None
    stem_type: Word | None = None
    weight_init: Word | None = None

    norm_eps: Rate | None = None
    bn_eps: Rate | None = None
    bn_momentum: Rate | None = None
    bn_tf: bool | None = None

    embed_dim: Width | Widths | None = None
    embed_dims: Widths | None = None
    dims: Widths | None = None
    channels: Widths | None = None
    head_dim: Width | None = None
    head_hidden_size: Width | None = None
    num_features: Width | None = None
    stem_size: Width | None = None
    stem_chs: Width | Widths | None = None
    stem_width: Width | None = None
    base_width: Width | None = None
    patch_size: Width | Widths | None = None
    window_size: Width | Widths | None = None
    kernel_size: Count | None = None
    kernel_sizes: Counts | None = None
    output_stride: Count | None = None

    depth: Count | Counts | None = None
    depths: Counts | None = None
    layers: Counts | None = None
    num_heads: Count | Counts | None = None
    num_kv_heads: Count | Counts | None = None
    cardinality: Count | None = None
    block_reduce_first: Count | None = None
    down_kernel_size: Count | None = None
    reg_tokens: Count | None = None
    sr_ratios: Counts | None = None

    mlp_ratio: Factor | Factors | None = None
    mlp_ratios: Factors | None = None
    expand_ratio: Factor | None = None
    width_mult: Factor | None = None
    depth_mult: Factor | None = None
    init_values: Factor | None = None
    ls_init_value: Factor | None = None
    layer_scale_init_value: Factor | None = None
    head_init_scale: Factor | None = None
    channel_multiplier: Factor | None = None
    rope_temperature: Factor | None = None

    avg_down: bool | None = None
    class_token: bool | None = None
    conv_bias: bool | None = None
    conv_mlp: bool | None = None
    downsamples: Flags | None = None
    dynamic_img_pad: bool | None = None
    dynamic_img_size: bool | None = None
    fc_norm: bool | None = None
    final_norm: bool | None = None
    fix_init: bool | None = None
    fix_stem: bool | None = None
    head_norm_first: bool | None = None
    no_embed_class: bool | None = None
    pool_include_prefix: bool | None = None
    pre_norm: bool | None = None
    proj_bias: bool | None = None
    qk_norm: bool | None = None
    qkv_bias: bool | None = None
    replace_stem_pool: bool | None = None
    scale_attn_norm: bool | None = None
    scale_mlp: bool | None = None
    scale_mlp_norm: bool | None = None
    se_from_exp: bool | None = None
    strict_img_size: bool | None = None
    swiglu_mlp: bool | None = None
    use_abs_pos_emb: bool | None = None
    use_fc_norm: bool | None = None
    use_grn: bool | None = None
    use_pos_embed: bool | None = None
    use_post_norm: bool | None = None
    use_rot_pos_emb: bool | None = None
    zero_init_last: bool | None = None


class TimmFileOptions(TimmOptions):
    """The options of a local file, which does not say how many classes it has."""

    instead: ClassVar[Mapping[str, str]] = {
        key: advice for key, advice in TimmOptions.instead.items() if key != "num_classes"
    }

    num_classes: Annotated[int, Field(ge=1, le=2**20)] | None = None
