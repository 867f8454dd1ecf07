"""Arrays and tables that pictures show of a trained prompt and a trained mapping."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.experiment.trial import Trial
from lorvp.networks.manifest import CheckpointManifest
from lorvp.prompts.base import Prompt
from lorvp.prompts.placements.regions import Regions
from lorvp.results.pictures.regions import RegionView
from lorvp.results.pictures.tiles import PromptView
from lorvp.text.names import told_apart

SOURCE = "mapping.source_KM"
"""The tensor of a mapping that takes source classes for each target class."""


@torch.inference_mode()
def prompt_view(
    label: str, trial: Trial, state: dict[str, Tensor], manifest: CheckpointManifest, image: Tensor
) -> PromptView:
    """A trained prompt on one image_HWC (uint8), in pixel units whatever its own space is."""
    prompt = _built(trial, state, manifest)
    mean, std = _space(prompt, manifest)
    # The image twice: a placement that images choose then gives two masks, any other gives one.
    canvas_BCHW = prompt.fit(torch.stack([image, image]))
    in_space_BCHW = (canvas_BCHW - mean) / std
    mask_BCHW = prompt.placement(in_space_BCHW)
    reach_CHW = prompt.content() * std * prompt.placement.content_HW
    prompted_BCHW = prompt(in_space_BCHW) * std + mean
    return PromptView(
        label=label,
        image_HWC=_hwc(canvas_BCHW[0]),
        prompt_HWC=_hwc(reach_CHW),
        placement_HW=mask_BCHW[0].mean(0).numpy() if len(mask_BCHW) == 2 else None,
        prompted_HWC=_hwc(prompted_BCHW[0]),
    )


def on_grey(
    label: str, trial: Trial, state: dict[str, Tensor], manifest: CheckpointManifest
) -> PromptView:
    """A trained prompt alone: on mid-grey of the network's size."""
    grey_HWC = torch.full((*manifest.input_size, 3), 128, dtype=torch.uint8)
    return prompt_view(label, trial, state, manifest, grey_HWC)


@torch.inference_mode()
def region_view(
    label: str,
    trial: Trial,
    state: dict[str, Tensor],
    manifest: CheckpointManifest,
    images_NHWC: Tensor,
    shown: int,
) -> RegionView | None:
    """The regions that a trained prompt chooses in these images (uint8), ``shown`` of them drawn.

    None for a prompt that has the same place in every image, or that chooses single pixels.
    """
    prompt = _built(trial, state, manifest)
    deciding = [module for module in prompt.placement.modules() if isinstance(module, Regions)]
    if not deciding:
        return None
    mean, std = _space(prompt, manifest)
    canvas_BCHW = prompt.fit(images_NHWC)
    chosen_BRR = deciding[0].decisions((canvas_BCHW - mean) / std)[:, 0]
    support_1HW = prompt.placement.support_HW[None].float()
    reached_RR = F.max_pool2d(support_1HW, deciding[0].side)[0].bool()
    share_RR = chosen_BRR.mean(0).where(reached_RR, torch.nan)
    return RegionView(
        label=label,
        images_HWC=[_hwc(canvas_CHW) for canvas_CHW in canvas_BCHW[:shown]],
        chosen_RR=list(chosen_BRR[:shown].numpy()),
        share_RR=share_RR.numpy(),
        images=len(images_NHWC),
    )


def _built(trial: Trial, state: dict[str, Tensor], manifest: CheckpointManifest) -> Prompt:
    prompt = trial.method.build(manifest.canvas).eval()
    prefix = "prompt."
    own = {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}
    prompt.load_state_dict(own)
    return prompt


def _space(prompt: Prompt, manifest: CheckpointManifest) -> tuple[Tensor, Tensor]:
    """mean_C11 and std_C11 that lead from pixels to the space in which the prompt works."""
    normalised = prompt.space == "normalised"
    mean = torch.tensor(manifest.mean if normalised else [0.0] * 3)[:, None, None]
    std = torch.tensor(manifest.std if normalised else [1.0] * 3)[:, None, None]
    return mean, std


def mapping_counts(
    chosen: Iterable[tuple[str, dict[str, Tensor]]], targets: list[str], sources: list[str]
) -> pl.DataFrame:
    """How many seeds chose each source class for each target class.

    ``chosen`` has a row's name and the trained state for each seed; states of mappings that choose
    nothing are skipped. Source classes with the same name get their numbers behind it. Columns:
    method, target, source, chosen (the number of seeds that did), of (all seeds).
    """
    sources = told_apart(sources)
    rows = [
        {"method": name, "target": target, "source": sources[s], "seed": number}
        for number, (name, state) in enumerate(chosen)
        if SOURCE in state
        for target, chosen_M in zip(targets, state[SOURCE].tolist(), strict=True)
        for s in chosen_M
    ]
    schema = {"method": pl.String, "target": pl.String, "source": pl.String, "seed": pl.Int64}
    table = pl.DataFrame(rows, schema=schema)
    seeds = pl.col("seed").n_unique().over("method", "target").alias("of")
    return (
        table.with_columns(seeds)
        .group_by("method", "target", "source", "of", maintain_order=True)
        .agg(pl.len().alias("chosen"))
        .select("method", "target", "source", "chosen", "of")
    )


def _hwc(image_CHW: Tensor) -> np.ndarray:
    return image_CHW.permute(1, 2, 0).numpy()
