"""Images of the gallery of prompts: arrays as PNG data in a URL."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

PIXELS = 192  # the shortest side of an enlarged picture


@dataclass(frozen=True)
class PromptView:
    """One row of the gallery: an image, a prompt, and the image with the prompt.

    image_HWC is in [0, 1]; prompt_HWC is signed. placement_HW, in [0, 1], is the mask of the prompt
    in this image; None for methods that have the same mask in every image. prompted_HWC is the sum
    that the network gets, so it may leave [0, 1]. ``answer`` is what the network says of it, such
    as "5, right"; empty where it is not known.
    """

    label: str
    image_HWC: np.ndarray
    prompt_HWC: np.ndarray
    placement_HW: np.ndarray | None
    prompted_HWC: np.ndarray
    answer: str = ""


def tiles_of(row: PromptView) -> list[dict[str, str]]:
    """The pictures of a row in the order of their columns, with label, column, url and caption."""
    largest = float(np.abs(row.prompt_HWC).max())
    tiles = [
        ("image", row.image_HWC, ""),
        ("prompt", centred(row.prompt_HWC), f"max |prompt| = {largest:.3g}"),
        ("placement", row.placement_HW, ""),
        ("prompted image", row.prompted_HWC, row.answer),
    ]
    return [
        {"label": row.label, "column": column, "url": data_url(pixels), "caption": caption}
        for column, pixels, caption in tiles
        if pixels is not None
    ]


def centred(prompt_HWC: np.ndarray) -> np.ndarray:
    """Signed values as colours: 0 becomes mid-grey, the largest magnitude black or white."""
    largest = np.abs(prompt_HWC).max()
    return 0.5 + prompt_HWC / (2 * largest) if largest > 0 else np.full_like(prompt_HWC, 0.5)


def data_url(pixels: np.ndarray) -> str:
    """An HW or HWC array in [0, 1] as a PNG in a URL; values outside are clamped.

    Small pictures are enlarged by a whole factor without smoothing, so that pixels stay visible.
    """
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    picture = Image.fromarray((255 * pixels.clip(0, 1)).round().astype(np.uint8))
    factor = max(1, -(-PIXELS // min(picture.size)))
    enlarged = picture.resize(
        (factor * picture.width, factor * picture.height), Image.Resampling.NEAREST
    )
    buffer = io.BytesIO()
    enlarged.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
