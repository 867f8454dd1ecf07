"""A project whose network is the user's own code, in a package in the project's folder."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.pipeline.project import Project, clone

PARAMS = """\
datasets:
  digits: {kind: digits, test: 1000, val: 300}
  letters: {kind: letters, train: 60, val: 2, test: 10}
code:
  nets: my_package
checkpoints:
  other: {kind: trained, dataset: letters, architecture: test_resnet, epochs: 1, min_accuracy: 0}
  mine:
    kind: python
    build: my_package.nets:make
    kwargs: {classes: 12}
    file: mine.pt
    input_size: 32
    mean: [0.5, 0.5, 0.5]
    std: [0.5, 0.5, 0.5]
    class_names: [a, b, c, d, e, f, g, h, i, j, k, l]
grid:
  other:
    dataset: digits
    network: other
    method: {lor_vp: {rank: 1}}
    mapping: lp
    training: {epochs: 1, optimizer: adam, lr: 0.03}
  all:
    dataset: digits
    network: mine
    method: {lor_vp: {rank: 1}}
    mapping: [lp, fm]
    training: {epochs: 1, optimizer: adam, lr: 0.03}
compute: {workers: 2, device: cpu}
tracking: {wandb: disabled}
"""
NETS = """
from torch import nn


def make(classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, classes),
    )
"""


def own_network(root: Path, bytecode: Path | None) -> Project:
    root.mkdir()
    project = clone(root, bytecode)
    package = project.repo / "my_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "nets.py").write_text(NETS)
    (project.repo / "params.yaml").write_text(PARAMS)
    made: dict = {}
    exec(NETS, made)
    torch.manual_seed(0)
    torch.save({"model": made["make"](12).state_dict()}, project.repo / "mine.pt")
    return project
