"""preprocessor_config.json: what transformers' image processor does to an image for a prompt."""

from __future__ import annotations

from typing import Any

from lorvp.datasets.pixels.view import View

FILE = "preprocessor_config.json"
RESAMPLE = {"bilinear": 2, "bicubic": 3}
"""Pillow's numbers."""


def processor_config(view: View | None) -> dict[str, Any]:
    """Values in [0, 1], of which the classifier takes mean and deviation itself.

    Without a view the prompt was trained on images of the size that they had, which the prompt
    itself brings to the network's size.
    """
    config: dict[str, Any] = {
        "image_processor_type": "CLIPImageProcessor",  # the one that resizes, cuts and scales
        "do_convert_rgb": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": False,
        "do_resize": view is not None,
        "do_center_crop": False,
    }
    if view is None:
        return config
    side = {"height": view.size, "width": view.size}
    config |= {"resample": RESAMPLE[view.interpolation], "size": side}
    if view.resize == "crop":
        cropped = {"do_center_crop": True, "crop_size": side}
        config |= {"size": {"shortest_edge": round(view.size / view.crop)}, **cropped}
    return config
