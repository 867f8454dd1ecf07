"""A trained prompt with its frozen network in one folder, to be given away.

A bundle has the trial's own files, ``network/`` with the checkpoint, README.md with the numbers
and how it is used, and preprocessor_config.json for transformers. ``lorvp.load`` reads it from a
folder or from the Hugging Face hub.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi
from huggingface_hub.errors import HFValidationError
from huggingface_hub.errors import HTTPError as HubError  # pyright: ignore
from timm.models import save_for_hf

from lorvp.datasets.pixels.view import View
from lorvp.deployment import image_processor
from lorvp.deployment.card import card
from lorvp.deployment.classifier import Classifier
from lorvp.deployment.fold import with_mapping, with_prompt
from lorvp.deployment.load import NETWORK, network_of, read
from lorvp.errors import InputError
from lorvp.files.whole import to_json, whole_folder
from lorvp.networks import checkpoint
from lorvp.trials.verified import FILES


def bundle(prompt: Path, target: Path, checkpoints: Path | None = None) -> None:
    """Copy the prompt and its network to ``target``, whole or not at all.

    Raises:
        InputError: the prompt is damaged, its network is not found, or ``target`` exists.
    """
    record = read(prompt)
    network = network_of(prompt, record, checkpoints)
    _require_free(target)
    with whole_folder(target) as scratch:
        for name in ("trial.json", *sorted(FILES)):
            shutil.copy2(prompt / name, scratch / name)
        (scratch / NETWORK).mkdir()
        for name in checkpoint.FILES:  # no other files, which may be links to anywhere
            shutil.copy2(network / name, scratch / NETWORK / name)
        (scratch / image_processor.FILE).write_text(_processor(record))
        card(record, checkpoint.read_manifest(network)).save(scratch / "README.md")


def _processor(record: dict[str, Any]) -> str:
    view = record["task"]["view"]
    return to_json(image_processor.processor_config(view and View.model_validate(view)))


def to_timm(classifier: Classifier, target: Path) -> None:
    """Write a folder for ``timm.create_model("local-dir:TARGET", pretrained=True)``.

    The position embedding holds the prompt, and the classifier the mapping.

    Raises:
        InputError: the network is not timm's, or has no place for the prompt in its own weights.
    """
    model = classifier.model
    network = with_mapping(with_prompt(model), model.mapping)
    network.to(memory_format=torch.contiguous_format)  # safetensors needs it
    if any("map_1CHW" in name for name, _ in network.named_buffers()):
        raise InputError(
            "only a vision transformer whose positions are added to its patches can take a prompt "
            "into its own weights; export it as onnx or torch instead"
        )
    if not hasattr(network, "pretrained_cfg"):
        raise InputError("the network is not one of timm's; export it as onnx or torch instead")
    frozen = model.network
    data = {
        "input_size": (3, *frozen.input_size),
        "mean": tuple(frozen.mean_C11.flatten().tolist()),
        "std": tuple(frozen.std_C11.flatten().tolist()),
        "interpolation": frozen.interpolation,
        "crop_pct": 1.0,
        "crop_mode": "squash",
    }
    _require_free(target)
    with whole_folder(target) as scratch:
        names = {"label_names": list(classifier.class_names)}
        save_for_hf(network, str(scratch), names, safe_serialization=True, data_config=data)


def push(folder: Path, repository: str, private: bool = True) -> str:
    """Upload a bundle to the Hugging Face hub as the logged-in user, and return its address.

    Raises:
        InputError: the folder is no bundle, has links, or the hub refuses it.
    """
    read(folder)
    if not (folder / NETWORK).exists():
        raise InputError(
            f"{folder} has no network beside the prompt; `lorvp export` makes a bundle"
        )
    names = ["README.md", image_processor.FILE, "trial.json", *sorted(FILES)]
    names += [f"{NETWORK}/{name}" for name in checkpoint.FILES]
    if links := [name for name in names if (folder / name).is_symlink()]:
        raise InputError(f"{folder / links[0]} is a link; `lorvp export` makes a bundle of files")
    hub = HfApi()
    try:
        hub.create_repo(repository, private=private, exist_ok=True)
        answer = hub.upload_folder(repo_id=repository, folder_path=folder, allow_patterns=names)
        return str(answer)
    except (HubError, HFValidationError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"cannot upload to {repository} (is the name right? `hf auth login`?): {reason}"
        ) from error


def _require_free(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is there already; name a new folder")
