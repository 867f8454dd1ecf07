"""The frozen network as trials run it: the same function as ``FrozenNetwork``, made cheaper.

BatchNorm is folded (``batchnorm.py``), the layer that reads the image is split from the prompt's
term (``stem.py``), linear layers are multiplied by the faster library (``onednn_linear.py``),
images go through in pieces that stay in the processor's cache, and the network may compute in
bf16 while prompt, mapping and loss stay in fp32.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import repeat

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lorvp.networks.acceleration.account import Account, norms_in, of_products, of_shortcuts
from lorvp.networks.acceleration.batchnorm import fold, shared_copy
from lorvp.networks.acceleration.compilation import chosen, compiled
from lorvp.networks.acceleration.onednn_linear import by_onednn
from lorvp.networks.acceleration.precision import SlowPrecision, ieee_fp32, why_slow
from lorvp.networks.acceleration.stem import LEVELS, Stem, split
from lorvp.networks.agreement import disagreement
from lorvp.networks.frozen import FrozenNetwork, Hooks, layout_of, read
from lorvp.networks.interface import Reads
from lorvp.networks.options.base import reason
from lorvp.recipe import Compile, Precision

PIECE = 8 * 224 * 224
"""Pixels that go through the network at a time on a CPU. Measured with ResNet-18 at 224 pixels:
8 images at a time train a quarter more images per second than 32, and 4 or 16 a little fewer."""


def engine(network: FrozenNetwork, precision: Precision, mode: Compile = "off") -> Engine:
    """``network`` as trials run it, compiled as ``mode`` says; made once and kept with it.

    Raises:
        InputError: nothing here can compile.
    """
    key = (precision, mode, network.mean_C11.device)
    if key not in network.engines:
        network.engines[key] = Engine(network, precision, mode)
    return network.engines[key]


class Engine(FrozenNetwork):
    """The network of ``source`` made cheaper; weights that need not change are shared."""

    stem: Stem | None
    prompt_part: nn.Conv2d | None
    """Makes the stem's term of what is added to images."""
    joins: bool
    """Whether lanes go through as one batch."""
    halvings: int
    """How often the pieces of a batch are halved to save memory. If they are halved at all, each is
    computed again in the backward pass, and its intermediate results are not kept until then."""

    def __init__(
        self,
        source: FrozenNetwork,
        precision: Precision = "fp32",
        mode: Compile = "off",
    ) -> None:
        names, text, way = source.class_names, source.text, source.interpolation
        super().__init__(source.network, source.input_size, [0], [1], names, text, way)
        self.mean_C11, self.std_C11 = source.mean_C11, source.std_C11
        # A child module, so that a move to another device moves the weights that both share.
        self.source = source
        self.folded, self.stem, self.prompt_part = 0, None, None
        self.halvings, self._read = 0, read
        self.joins = self.mean_C11.device.type == "cuda"
        with torch.random.fork_rng(devices=[]):
            self._account = self._take_shortcuts(source)
            self.mode, plain_since = chosen(mode, source)
        if precision == "bf16":
            self._account |= self._convert_to_bf16()
        device = self.mean_C11.device
        self._account = of_products(self.network, device, self.dtype, precision) | self._account
        if self.mode is not None:
            self._read = compiled(read, self.mode, device)
        if plain_since is not None:
            self._account |= {"compile": f"not compiled: {plain_since}"}

    @property
    def plain(self) -> FrozenNetwork:
        return self.source

    @property
    def original(self) -> nn.Module:
        return self.source.original

    def account(self, inside: bool = False) -> Account:
        if self.mode is None:
            return self._account
        if inside:
            return self._account | {"compile": "not compiled: the method reaches inside"}
        # torch.compile makes linear layers in its own way.
        return self._account | {
            "compile": f"compiled, {self.mode}",
            "linear": "linear layers compiled",
        }

    def forward(self, images_BCHW: Tensor, reads: Reads = "logits") -> Tensor:
        canvas_BCHW = images_BCHW * self.std_C11 + self.mean_C11
        return self.run(canvas_BCHW, torch.zeros_like(self.mean_C11)[None], reads)

    def run(
        self, canvas_BCHW: Tensor, added_BCHW: Tensor, reads: Reads, hooks: Hooks = nullcontext
    ) -> Tensor:
        """As `FrozenNetwork.run`, in pieces of the batch."""
        entered = self._entered(canvas_BCHW, added_BCHW)
        return self._through(*entered, reads, hooks).to(canvas_BCHW.dtype)

    def _through(
        self, x_BCHW: Tensor, term_BCHW: Tensor | None, reads: Reads, hooks: Hooks = nullcontext
    ) -> Tensor:
        """The output for what ``_entered`` gives, in the network's own type of number."""
        run_piece = self._run_piece
        if self.halvings:
            # Nothing in the network is random, so that no generator has to be put back.
            run_piece = partial(
                checkpoint, run_piece, use_reentrant=False, preserve_rng_state=False
            )
        pieces = self._cut(x_BCHW, term_BCHW)
        outputs = [run_piece(x_PCHW, term, reads, hooks) for x_PCHW, term in pieces]
        return torch.cat(outputs)

    def run_together(
        self, given: Sequence[tuple[Tensor, Tensor]], reads: Reads, width: int
    ) -> list[Tensor]:
        """As `FrozenNetwork.run_together`; on a GPU as one batch, of which a GPU wants many images.

        On a CPU pieces of a batch are all the same to it, and each lane goes through alone.
        """
        if not self.joins:
            return super().run_together(given, reads, width)
        groups = [given[first : first + width] for first in range(0, len(given), width)]
        return [output for group in groups for output in self._as_one(group, reads, width)]

    def _as_one(
        self, given: Sequence[tuple[Tensor, Tensor]], reads: Reads, width: int
    ) -> list[Tensor]:
        """The outputs of at most ``width`` lanes, computed as one batch."""
        entered = [self._entered(*each) for each in given]
        batch = len(entered[0][0])
        x_BCHW = _filled_up([x_BCHW for x_BCHW, _ in entered], width)
        # Each lane's term as one of its own for each image: how a sum over them is computed on the
        # way back may then not depend on the other lanes.
        terms = [term.expand(batch, -1, -1, -1) for _, term in entered if term is not None]
        outputs = self._through(x_BCHW, _filled_up(terms, width) if terms else None, reads)
        return list(outputs.to(given[0][0].dtype).split(batch)[: len(given)])

    def _entered(self, canvas_BCHW: Tensor, added_BCHW: Tensor) -> tuple[Tensor, Tensor | None]:
        """A batch as the network reads it, and the stem's term for it."""
        if self.prompt_part is None:
            return self.normalise(canvas_BCHW + added_BCHW).to(self.dtype), None
        shift_BCHW = (added_BCHW - self.mean_C11).expand(-1, -1, *canvas_BCHW.shape[2:])
        term_BCHW = self.prompt_part(shift_BCHW).to(self.dtype)
        return (LEVELS * canvas_BCHW).to(self.dtype), term_BCHW

    def _cut(self, x_BCHW: Tensor, term_BCHW: Tensor | None) -> Iterator[tuple]:
        """Pieces of a batch, each with its part of the term."""
        size = self._piece_size(x_BCHW)
        if term_BCHW is None:
            return zip(x_BCHW.split(size), repeat(None))
        terms = term_BCHW.split(size) if len(term_BCHW) > 1 else repeat(term_BCHW)
        return zip(x_BCHW.split(size), terms, strict=False)

    def _piece_size(self, canvas_BCHW: Tensor) -> int:
        whole = len(canvas_BCHW)
        if canvas_BCHW.device.type == "cpu":
            whole = min(whole, max(1, PIECE // canvas_BCHW[0, 0].numel()))
        return min(whole, -(-len(canvas_BCHW) // 2**self.halvings))

    def _run_piece(self, x_BCHW: Tensor, term: Tensor | None, reads: Reads, hooks: Hooks) -> Tensor:
        """The output for one of ``_pieces``."""
        # Hooks do not fire in a compiled network, so methods that use them take the plain one.
        read_piece = self._read if hooks is nullcontext else read
        adding = nullcontext() if self.stem is None else self.stem.adding(term)
        with adding, hooks():
            return read_piece(self.network, x_BCHW, reads)

    def _take_shortcuts(self, source: FrozenNetwork) -> Account:
        """Fold and split, undo both if they change the outputs, and return the account of it."""
        canvas_BCHW, added_BCHW = (_noise(seed, source) for seed in range(2))
        x_BCHW = canvas_BCHW.contiguous(memory_format=layout_of(source.network))
        self.network, norms = shared_copy(source.network), norms_in(source.network)
        self.folded = fold(self.network, x_BCHW)
        parts = split(self.network, x_BCHW, self.std_C11)
        by_onednn(self.network)
        self.stem, self.prompt_part = parts.stem, parts.prompt_part
        difference = self._difference(source, canvas_BCHW, added_BCHW)
        if difference is None:
            return of_shortcuts(self.folded, norms, parts)
        self.network, self.folded = source.network, 0
        self.stem, self.prompt_part = None, None
        return {"folding": f"nothing folded or split: {difference}"}

    @torch.no_grad()
    def _difference(
        self, source: FrozenNetwork, canvas_BCHW: Tensor, added_BCHW: Tensor
    ) -> str | None:
        """How the outputs differ from those of ``source``, in words; None if they agree.

        Compared in IEEE fp32, which leaves 1e-5 of rounding. TF32, cuDNN's default, leaves 1e-3
        and more, which would hide real differences. Not in float64, which oneDNN's products and
        Apple's GPUs do not have.
        """
        outputs: list[Reads] = ["features"] if source.features else []
        if not source.text:  # else all texts would have to be encoded
            outputs.append("logits")
        with ieee_fp32():
            for reads in outputs:
                plain = source.run(canvas_BCHW, added_BCHW, reads)
                try:
                    own = self.run(canvas_BCHW, added_BCHW, reads)
                except (AttributeError, TypeError) as error:
                    return f"the network asks its layers for what others lack ({reason(error)})"
                if (apart := disagreement(own, plain)) is not None:
                    return f"{reads} would not be the plain network's ({apart})"
        return None

    def _convert_to_bf16(self) -> Account:
        """Convert all but the prompt's part of the stem, and return the account of it."""
        device = self.mean_C11.device
        if (slow := why_slow("bf16", device)) is not None:
            warnings.warn(SlowPrecision(f"bf16 is far slower than fp32 here: {slow}"), stacklevel=4)
        self.network, unfused = copy.deepcopy(self.network).to(torch.bfloat16), 0
        for module in self.network.modules():
            if isinstance(module, Stem):
                self.stem = module
            # torch's fused attention takes twice as long on the way back in bf16 on a CPU.
            if hasattr(module, "fused_attn") and device.type == "cpu":
                setattr(module, "fused_attn", False)  # noqa: B010 - timm's, unknown to nn.Module
                unfused += 1
        without = f", {unfused} attentions not fused" if unfused else ""
        return {"precision": f"bfloat16{f', slow: {slow}' if slow else ''}{without}"}


def _filled_up(lanes: list[Tensor], width: int) -> Tensor:
    """All lanes as one batch, with zeros in the place of those that are missing."""
    missing = width - len(lanes)
    return torch.cat([*lanes, lanes[0].new_zeros(missing * len(lanes[0]), *lanes[0].shape[1:])])


def _noise(seed: int, network: FrozenNetwork) -> Tensor:
    """Two images of noise on ``network``'s device."""
    random, size = torch.Generator().manual_seed(seed), (2, 3, *network.input_size)
    return torch.rand(size, generator=random, device="cpu").to(network.mean_C11)
