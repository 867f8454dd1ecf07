"""The forms in which a prompt is exported, by name; apart, since the command line needs no more."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """Forms in which a prompt is exported."""

    bundle = "bundle"
    timm = "timm"
    onnx = "onnx"
    torch = "torch"
