"""Weights as people save them: below a name, and with a prefix before each of their own.

Training scripts store more than weights (`{"epoch": 3, "state_dict": …}`), and wrappers (DDP,
torch.compile, Lightning) put their own name before all others. Both are looked through, and a
prefix is only taken off if all names then are the network's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.files.damage import UNREADABLE
from lorvp.networks.options.base import UNBUILDABLE, reason
from lorvp.networks.weights_file import content_of, misfit
from lorvp.text.quoted import listed

WRAPPERS = (
    "state_dict_ema", "model_ema", "ema_state_dict", "ema", "state_dict", "model_state_dict",
    "model_state", "model", "net", "network", "module", "weights", "params",
)  # fmt: skip
"""Names that weights are stored below. Averaged ones come first, as their accuracy is the
published one; timm prefers them too."""
INSIDE = ("_orig_mod", "module")
"""What torch.compile and DDP call the network inside, wherever they wrap a part of it."""
COUNTS = {"n_averaged"}
"""What torch's `AveragedModel` stores beside the weights that it averages."""

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Found:
    """Weights in a file."""

    state: State
    below: tuple[str, ...] = ()
    """The names that they are stored below."""

    @property
    def seen(self) -> str:
        """What was looked through, in words."""
        prefix = _common_prefix(self.state)
        said = [f"below {'.'.join(self.below)}"] if self.below else []
        said += [f"all names begin with {prefix}"] if prefix else []
        return f" ({'; '.join(said)})" if said else ""


def state_for(
    network: nn.Module,
    path: Path,
    architecture: str,
    change: Callable[[State], State] = lambda state: state,
) -> State:
    """The file's tensors under the network's names; ``change`` renames what a library renamed.

    Raises:
        InputError: there are none, or others than the network has.
    """
    own, everything = network.state_dict(), weights_in(path)
    problems: list[tuple[int, str]] = []
    for found in everything:
        for state in renamed(found.state):
            try:
                named = state if state.keys() == own.keys() else change(state)
            except UNBUILDABLE as error:
                problems.append((len(own), reason(error)))
                continue
            if not (differs := misfit(own, named)):
                return named
            problems.append((len(own.keys() ^ named.keys()), differs))
    _, nearest = min(problems, key=lambda problem: problem[0])
    raise InputError(f"{path} does not fit {architecture}: {nearest}{everything[0].seen}")


def weights_in(path: Path) -> list[Found]:
    """All weights in a file that `require_file` has checked, the likeliest first.

    Raises:
        InputError: there are none; the message says what there is.
    """
    try:
        content = _content(path)
    except (SafetensorError, *UNREADABLE) as error:
        raise InputError(f"file: {path} is damaged, cut off or no weights") from error
    if not (found := list(_below(content, ()))):
        others = [f"{key} ({type(value).__name__})" for key, value in content.items()]
        raise InputError(
            f"file: {path} holds no weights by themselves or below one of {', '.join(WRAPPERS)}, "
            f"but {listed(others)}; save the state_dict alone"
        )
    return found


def _content(path: Path) -> Mapping:
    ending = path.suffix.lower()
    if ending == ".safetensors":
        return load_file(path)
    if ending in (".npz", ".npy"):
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    return content_of(path)


def _below(content: Mapping, path: tuple[str, ...]) -> Iterator[Found]:
    for name in WRAPPERS:
        inner = content.get(name)
        if isinstance(inner, Mapping) and len(path) < 3:
            yield from _below(inner, (*path, name))
    if any(isinstance(value, Tensor) for value in content.values()):
        yield Found(_tensors(content), path)


def _tensors(content: Mapping) -> State:
    """Without the numbers that stand beside them."""
    weights = {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor) and name not in COUNTS
    }
    return content if len(weights) == len(content) else weights


def renamed(state: State) -> Iterator[State]:
    """The tensors as they are named, and then with one more part of the common prefix taken off
    each time, or without what wrappers put inside."""
    yield state
    prefix = _common_prefix(state)
    parts = prefix.split(".")[:-1]
    for number in range(1, len(parts) + 1):
        start = len(".".join(parts[:number])) + 1
        yield {name[start:]: tensor for name, tensor in state.items()}
    plain = {_without_inside(name): tensor for name, tensor in state.items()}
    if plain.keys() != state.keys() and len(plain) == len(state):
        yield from renamed(plain)


def _without_inside(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in INSIDE)


def _common_prefix(state: State) -> str:
    """The parts, with their dots, that all names begin with; a name's last part is none of them."""
    columns = zip(*(name.split(".")[:-1] for name in state), strict=False)
    common = takewhile(lambda column: len(set(column)) == 1, columns)
    return "".join(f"{column[0]}." for column in common)
