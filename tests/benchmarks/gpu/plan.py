"""The cases, most important first; what an aim divides by comes before it."""

from __future__ import annotations

from functools import partial

from tests.benchmarks.gpu.case import Aim, Case, Work

SPEED = "images/s"
LIMIT = "of the limit"

# What these give is what most cases have, and can be given anew.
DEFAULT = partial(Case, "test_resnet", batch=64, precision="fp32", side=32, images=4096, sources=26)
"""The network of the default params.yaml."""
VIT = partial(Case, "vit_base_patch16_224", precision="bf16")
SMALL = partial(Case, "resnet18", precision="bf16", images=4096)
LARGE = partial(Case, "resnet50", precision="bf16", images=4096)

ALONE = DEFAULT(way="eager")
PUBLISHED = VIT(batch=256, precision="fp32", way="published", images=1024, needs=20)
VIT_256 = VIT(
    batch=256, aims=(Aim(SPEED, 5000), Aim(LIMIT, 0.45), Aim(SPEED, 8, over=PUBLISHED.name))
)  # fmt: skip
RESNET_256 = SMALL(batch=256)

AIMED_AT = [
    ALONE,
    DEFAULT(
        method="params.yaml", lanes=32,
        aims=(Aim(SPEED, 140_000), Aim(SPEED, 20, over=ALONE.name)),
    ),
    PUBLISHED,
    VIT_256,
    RESNET_256,
    SMALL(
        batch=64, lanes=4,
        aims=(Aim(SPEED, 18_000), Aim(SPEED, 0.95, over=RESNET_256.name)),
    ),
    LARGE(batch=256, aims=(Aim(SPEED, 5500),)),
    VIT(batch=64, lanes=4, aims=(Aim(SPEED, 4700),)),
    VIT(batch=256, precision="tf32", aims=(Aim(SPEED, 2000),)),
]  # fmt: skip

LANES = [DEFAULT(lanes=lanes) for lanes in (1, 32, 8, 4)] + [
    SMALL(batch=64),
    VIT(batch=64),
    LARGE(batch=64, lanes=4),
]

WORKS: list[Work] = ["evaluation", "ilm epoch"]
OTHER_WORK = [VIT(batch=256, work=work) for work in WORKS] + [
    SMALL(batch=256, work="evaluation"),
    *(VIT(batch=256, method=method) for method in ("adavipro", "smm")),
]

EAGER = [
    VIT(batch=256, way="eager"),
    SMALL(batch=256, way="eager"),
    LARGE(batch=256, way="eager"),
    DEFAULT(lanes=32, way="eager"),
    VIT(batch=64, way="eager"),
]

# Compiling takes 20 s or more of the five minutes.
COMPILED = [
    VIT(batch=256, way="compiled", needs=45),
    SMALL(batch=256, way="compiled", needs=45),
]

OTHER_PRECISIONS = [
    LARGE(batch=256, precision="fp32"),
    SMALL(batch=256, precision="tf32"),
    LARGE(batch=256, precision="tf32"),
    VIT(batch=256, precision="fp32", needs=20),
]

THE_PUBLISHED_WAY = [
    VIT(batch=256, way="published, autocast", images=1024, needs=20),
    LARGE(batch=256, precision="fp32", way="published", images=1024, needs=20),
]

CASES = [
    *AIMED_AT,
    *LANES,
    *OTHER_WORK,
    *EAGER,
    *COMPILED,
    *OTHER_PRECISIONS,
    *THE_PUBLISHED_WAY,
]
