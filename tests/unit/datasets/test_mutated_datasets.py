"""Manifests of prepared datasets with seeded mistakes, as a shared folder may hold them."""

import json
from random import Random

import pytest
import torch

from lorvp.datasets import prepared
from lorvp.errors import InputError
from tests.support.mutations import edited, mangled
from tests.support.tiny import dataset


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared") / "noise"
    return folder, dataset(folder)


def outcome(folder) -> tuple[prepared.Prepared | None, str]:
    """The dataset with its test images read, or what is said instead."""
    try:
        found = prepared.read(folder)
        found.split("test")
        return found, ""
    except InputError as error:
        return None, str(error)


@pytest.mark.parametrize("group", range(3))
def test_a_mutated_manifest_is_told_or_another_dataset(whole, group):
    folder, before = whole
    path = folder / "manifest.json"
    content = path.read_bytes()
    try:
        for number in range(group, 150, 3):
            random = Random(number)
            data = edited(json.loads(content), random)
            path.write_bytes(mangled(content, random) if number % 2 else json.dumps(data).encode())
            found, told = outcome(folder)
            if found is None:
                assert str(folder) in told, number
                assert len(told.splitlines()) == 1, (number, told)
            elif found.digest == before.digest:
                assert found.class_names == before.class_names, number
                images = found.split("test").images_NHWC
                assert torch.equal(images, before.split("test").images_NHWC), number
    finally:
        path.write_bytes(content)
