"""The settings of torchvision's architectures that its own weights ask for."""

from __future__ import annotations

from lorvp.networks.options.base import Options, Width


class TorchvisionOptions(Options):
    """``weights`` and ``weights_backbone``, which download, are not among them."""

    image_size: Width | None = None
    transform_input: bool | None = None
    aux_logits: bool | None = None
    init_weights: bool | None = None
