"""Load a trained prompt as a classifier, from a folder or the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lorvp.datasets.pixels.view import View
from lorvp.deployment.classifier import Classifier
from lorvp.deployment.record import is_tried, read, trial_of
from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.precision import computing_in
from lorvp.text.proxies import via
from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build

NETWORK = "network"
"""Folder of the frozen network inside a bundle."""


def load(
    place: str | Path, checkpoints: str | Path | None = None, device: str = "cpu"
) -> Classifier:
    """The classifier in a folder, or in a repository of the Hugging Face hub (``user/name``).

    For a folder of prompts (data/prompts), the best one on validation images is loaded. The frozen
    network is looked for in the prompt's own folder, then in ``checkpoints`` (by default the
    project's data/checkpoints), and recognised by its checksum. It computes in the precision that
    the prompt was trained in, and is not compiled.

    Raises:
        InputError: there is no trained prompt, or prompts of several datasets; the prompt is
            damaged or of another version; or its network is not found.
    """
    folder = local(place)
    record = read(folder)
    task, names = record["task"], record["task"]["class_names"]
    with torch.random.fork_rng(devices=[]):  # building draws start values, which are then replaced
        network = checkpoint.load(network_of(folder, record, checkpoints)).to(device)
        with _errors_name(folder):
            trial = _not_compiled(trial_of(record))
            precision = trial.training.precision
            with computing_in(precision):
                model = build(trial, network, names, trained=True).to(device)
            _load_weights(model, state_of(folder))
            view = task["view"] and View.model_validate(task["view"])
            classifier = Classifier(model, names, view, precision)
            _require_answers(classifier)
    return classifier


def _not_compiled(trial: Trial) -> Trial:
    """The trial without torch's compiler, which takes longer than most classify, for each size of
    batch anew, and is not everywhere; it moves last bits alone."""
    plain = trial.training.model_copy(update={"compile": "off"})
    return trial.model_copy(update={"training": plain})


def state_of(folder: Path) -> dict[str, Tensor]:
    """The trained tensors by name.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / "weights.safetensors"
    try:
        return load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path} is damaged: {error}") from error


def _load_weights(model: PromptedNetwork, state: dict[str, Tensor]) -> None:
    model.load_trained_state(state)
    for name, own in model.trained_state().items():
        if own.dtype != state[name].dtype or own.isnan().any():
            raise InputError(f"weights.safetensors: {name} is {state[name].dtype}, or holds NaN")


def _require_answers(classifier: Classifier) -> None:
    """Classify one grey image: indices among the tensors may be out of range.

    Raises:
        InputError: the logits are not one finite number for each class.
    """
    grey_1HWC = torch.full((1, *classifier.model.network.input_size, 3), 128, dtype=torch.uint8)
    with torch.inference_mode():
        logits_1K = classifier(grey_1HWC.to(classifier.device))
    if logits_1K.shape != (1, len(classifier.class_names)) or not logits_1K.isfinite().all():
        raise InputError("its logits are not a number for each class")


@contextmanager
def _errors_name(folder: Path) -> Iterator[None]:
    """Name the prompt in every error of the block.

    Raises:
        InputError: one line, also in place of libraries' errors.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    except (IndexError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder}: this prompt cannot be used: {reason}") from error


def local(place: str | Path) -> Path:
    """The folder of one prompt: ``place`` itself, the best one in it, or a cached copy of a hub's
    repository.

    Raises:
        InputError: the hub does not give it, or there are prompts of several datasets.
    """
    folder = Path(place)
    if folder.exists() or str(place).count("/") != 1:
        return _best(prompts_in(folder), folder)
    try:
        return Path(snapshot_download(str(place)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{place} is no folder here, and the Hugging Face hub does not give it"
            f"{via('https://huggingface.co')}: {reason}"
        ) from error


def prompts_in(folder: Path) -> list[Path]:
    """The folders of prompts in ``folder``, or ``folder`` itself if it has none."""
    found = sorted(path.parent for path in folder.glob("*/trial.json"))
    return [prompt for prompt in found if not is_tried(prompt)] or [folder]


def _best(prompts: list[Path], among: Path) -> Path:
    """The prompt with the best validation accuracy; of equals, the one with the fewest values."""
    if len(prompts) == 1:
        return prompts[0]
    records = {folder: read(folder) for folder in prompts}
    found = taken(records)
    if found is None:
        raise InputError(
            f"{among} holds prompts for {', '.join(_datasets(records))}: name the folder of one of "
            f"them, as `lorvp compare {among}` lists them"
        )
    return found


def taken(records: Mapping[Path, dict[str, Any]]) -> Path | None:
    """The folder that is used of several, from their trial.json: the best on validation images; of
    equals, the one with the fewest values. None where they are of several datasets."""
    if len(_datasets(records)) > 1:
        return None
    summaries = {folder: record["summary"] for folder, record in records.items()}
    order = lambda one: (summaries[one]["val_accuracy"], -summaries[one]["trained_values"])  # noqa: E731
    return max(records, key=order)


def _datasets(records: Mapping[Path, dict[str, Any]]) -> list[str]:
    return sorted({record["task"]["dataset"] for record in records.values()})


def network_of(folder: Path, record: dict[str, Any], checkpoints: str | Path | None = None) -> Path:
    """The folder of the frozen network, recognised by the checksum of its weights.

    Raises:
        InputError: no place has it.
    """
    beside = Path(checkpoints) if checkpoints else folder.absolute().parent.parent / "checkpoints"
    wanted = record["network"]["weights_sha256"]
    for place in [folder / NETWORK, *sorted(beside.glob("*"))]:
        there = (place / "manifest.json").exists()
        if there and checkpoint.read_manifest(place).weights_sha256 == wanted:
            return place
    raise InputError(
        f"{folder} was trained on {record['network']['name']} ({record['network']['source']}), "
        f"whose weights are neither in {folder / NETWORK} nor in {beside}"
    )
