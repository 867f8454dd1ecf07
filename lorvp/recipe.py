"""Training settings: optimiser, learning rate and its schedule, epochs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

import torch
from pydantic import BeforeValidator, Field, WithJsonSchema
from torch import nn

from lorvp.augmentation.settings import Augmentation
from lorvp.settings import BY_KIND, OR_KIND_ALONE, Batch, Epochs, NotNegative, Positive, Settings

Precision = Literal["fp32", "tf32", "bf16"]
CompileMode = Literal["default", "reduce-overhead", "max-autotune"]
"""torch's names; ``reduce-overhead`` replays CUDA graphs on a GPU."""


def _off_if_null(value: Any) -> Any:
    return "off" if value is None else value


Compile = Annotated[
    Literal["auto", "off", "default", "reduce-overhead", "max-autotune"],
    BeforeValidator(_off_if_null),
    WithJsonSchema({"enum": ["auto", "off", *get_args(CompileMode), None]}),
]
"""A mode of torch's, or whether there is to be one. What it does not say, null, is off."""


class Optimizer(Settings):
    """What the settings of all optimisers have in common."""

    @property
    def evaluations(self) -> int:
        """How often a step computes the loss without a gradient; 0 for once with one."""
        return 0

    def decay(self, step: int) -> float:
        """A factor of the optimiser's own on all rates at a step, from 0."""
        return 1.0


class SgdConfig(Optimizer):
    """Stochastic gradient descent."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: NotNegative = 0.0

    def build(self, groups: list[dict], fused: bool = False) -> torch.optim.Optimizer:
        """``fused``: one kernel for all parameters, for rates that lie on the device."""
        decay = self.weight_decay
        return torch.optim.SGD(
            groups, momentum=self.momentum, weight_decay=decay, fused=fused or None
        )


class AdamConfig(Optimizer):
    """Adam; its step does not depend on the gradient's size, which suits mixed groups."""

    kind: Literal["adam"] = "adam"
    weight_decay: NotNegative = 0.0

    def build(self, groups: list[dict], fused: bool = False) -> torch.optim.Optimizer:
        """``fused``: one kernel for all parameters, for rates that lie on the device."""
        decay = self.weight_decay
        return torch.optim.Adam(groups, weight_decay=decay, fused=fused or None, capturable=fused)


class NormalisedGradientConfig(Optimizer):
    """Steps whose length is the learning rate, whatever the gradient's (EVP, arXiv 2212.10556).

    Every trained tensor moves by ``lr * g / (|g| + 1e-10)``, without momentum.
    """

    kind: Literal["normalised_gradient"] = "normalised_gradient"

    def build(self, groups: list[dict], fused: bool = False) -> torch.optim.Optimizer:
        """Its operations read rates wherever they lie, so that ``fused`` changes nothing."""
        return NormalisedGradient(groups)


class SpsaConfig(Optimizer):
    """Steps without gradients through the network, from losses alone (BlackVIP's SPSA-GC).

    Oh et al., "BlackVIP: Black-Box Visual Prompting for Robust Transfer Learning" (CVPR 2023,
    arXiv 2303.14773), defaults from their code. At step k, from 1, with D drawn for every trained
    value uniformly from [-1, -0.5] and [0.5, 1]:

        g   = mean over pairs of (loss(w + c_k D) - loss(w - c_k D)) / (2 c_k D)
        m   = momentum * m + g;    w <- w - a_k (g + momentum * m)
        a_k = lr / (k + offset)^rate_decay,    c_k = perturbation / k^perturbation_decay

    ``lr`` and the schedule are the trainer's, a constant one in the paper. It serves networks that
    answer and no more, behind an interface for one, at 2 * pairs answers for an image and step.
    """

    kind: Literal["spsa"] = "spsa"
    pairs: int = Field(default=5, ge=1, le=1000)
    """Pairs of losses that are averaged in each step."""
    perturbation: Positive = 0.01
    """c: how far values are moved to compare losses."""
    perturbation_decay: float = Field(default=0.1, ge=0, le=1)
    """gamma."""
    rate_decay: float = Field(default=0.4, ge=0, le=1)
    """alpha."""
    offset: NotNegative = 1.0
    """o."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """beta of the correction, which is Nesterov's. At 0 it is plain SPSA."""

    @property
    def evaluations(self) -> int:
        return 2 * self.pairs

    def decay(self, step: int) -> float:
        return (step + 1 + self.offset) ** -self.rate_decay

    def build(self, groups: list[dict], fused: bool = False) -> torch.optim.Optimizer:
        """``fused``: one kernel for all parameters, for rates that lie on the device."""
        beta = self.momentum
        return torch.optim.SGD(groups, momentum=beta, nesterov=beta > 0, fused=fused or None)


class NormalisedGradient(torch.optim.Optimizer):
    """The optimiser. A parameter that is part of a larger one has that gradient's norm as
    ``whole_norm``."""

    def __init__(self, groups: list[dict]) -> None:
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    whole = getattr(parameter, "whole_norm", None)
                    norm = parameter.grad.norm() if whole is None else whole
                    parameter -= group["lr"] * parameter.grad / (norm + 1e-10)


class ConstantConfig(Settings):
    """The learning rate stays constant."""

    kind: Literal["constant"] = "constant"

    def factor(self, progress: float) -> float:
        return 1.0


class CosineConfig(Settings):
    """Half a cosine from the learning rate to 0."""

    kind: Literal["cosine"] = "cosine"

    def factor(self, progress: float) -> float:
        return (1 + math.cos(math.pi * progress)) / 2


def cut_gradient(values: nn.Parameter, largest: float | None) -> None:
    """Cut each value of the gradient that ``values`` are given to +-``largest``; not if None."""
    if largest is not None:
        values.register_hook(lambda gradient: gradient.clamp(-largest, largest))


Share = Annotated[float, Field(gt=0, lt=1)]


class MultistepConfig(Settings):
    """A drop at each milestone (ILM-VP, AutoVP and SMM use these)."""

    kind: Literal["multistep"] = "multistep"
    milestones: tuple[Share, ...] = Field(default=(0.5, 0.72), min_length=1, strict=False)
    """Fractions of the training after which the rate drops; a sweep is a list of lists."""
    gamma: float = Field(default=0.1, gt=0, le=1)
    """Factor on the rate at each milestone."""

    def factor(self, progress: float) -> float:
        return self.gamma ** sum(progress >= m for m in self.milestones)


OptimizerConfig = Annotated[
    SgdConfig | AdamConfig | NormalisedGradientConfig | SpsaConfig, BY_KIND, OR_KIND_ALONE
]
ScheduleConfig = Annotated[ConstantConfig | CosineConfig | MultistepConfig, BY_KIND, OR_KIND_ALONE]


class TrainingConfig(Settings):
    """How a prompt and its mapping are trained; no part of it changes the network."""

    epochs: Epochs = 20
    batch_size: Batch = 64
    optimizer: OptimizerConfig = SgdConfig()
    lr: Positive = 0.02
    """Learning rate of all groups that have none below. LoR-VP's run script: SGD 0.02."""
    lr_placement: Positive | None = None
    """Learning rate of a trained placement, such as AdaViPro's region choice (1 in the paper, where
    the prompt has 40)."""
    lr_mapping: Positive | None = None
    """Learning rate of a trained mapping. Without it a mapping that has one of its own (`rvp`)
    takes that."""
    schedule: ScheduleConfig = CosineConfig()
    warmup_steps: int = Field(default=0, ge=0, le=10_000_000)
    """Steps in which the rate climbs linearly from 0; the schedule counts from their end."""
    precision: Precision = "fp32"
    """Precision of the frozen network; prompt, mapping and loss are always float32 numbers. fp32 is
    IEEE's everywhere, in convolutions too. tf32 keeps 11 of the 24 bits of each factor of a product
    and is for NVIDIA cards from Ampere on; where prompt and mapping multiply, they do so too. bf16
    is about twice as fast on processors that support it, and changes gradients by a few per cent.
    On others it is refused, unless compute.slow_precision accepts it."""
    compile: Compile = "auto"
    """Compile the frozen network with torch.compile in this mode before training, which changes
    last bits. auto: in mode default on a CUDA device if the network is large enough (a GFLOP for an
    image) and Triton works there, else off. Elsewhere compiling takes a minute or more, which only
    long runs earn back."""
    augmentation: Augmentation = Augmentation()
    """Random changes of the training images."""
    test_every_epoch: bool = False
    """Also record the best test accuracy of any epoch, which published tables often report. It has
    a name of its own in the record and never chooses anything."""

    def build_optimizer(
        self, groups: dict[str, list[nn.Parameter]], mapping_lr: float | None = None
    ) -> torch.optim.Optimizer:
        """One optimiser over all groups, each with its own learning rate. ``mapping_lr``: the
        mapping's where these settings have none for it.

        On a GPU rates are tensors that lie there, and the optimiser's kernels read them.
        """
        own = {"placement": self.lr_placement, "mapping": self.lr_mapping or mapping_lr}
        device = next(p.device for parameters in groups.values() for p in parameters)
        rates = {role: own.get(role) or self.lr for role in groups}
        if on_device := device.type == "cuda":
            rates = {role: torch.tensor(rate, device=device) for role, rate in rates.items()}
        given = [{"params": groups[role], "lr": rate} for role, rate in rates.items()]
        return self.optimizer.build(given, on_device)

    def factor_of(self, steps: int) -> Callable[[int], float]:
        """The factor on every group's learning rate at each of ``steps`` steps, from 0."""
        after_warmup = max(1, steps - self.warmup_steps)

        def factor(step: int) -> float:
            decay = self.optimizer.decay(step)
            if step < self.warmup_steps:
                return decay * (step + 1) / self.warmup_steps
            progress = min(1.0, (step - self.warmup_steps) / after_warmup)
            return decay * self.schedule.factor(progress)

        return factor
