"""A tiny copy of each dataset that is read from files."""

from __future__ import annotations

from functools import cache

from tests.support.datasets import (
    layout_arrays,
    layout_fine_grained,
    layout_imagenet,
    layout_lists,
    layout_objects,
    layout_own,
    layout_scenes,
)
from tests.support.datasets.layout import Layout

LAYOUTS = {
    maker.__name__: maker
    for maker in [
        layout_arrays.cifar10,
        layout_arrays.cifar100,
        layout_arrays.svhn,
        layout_lists.gtsrb,
        layout_lists.dtd,
        layout_lists.flowers102,
        layout_lists.food101,
        layout_lists.eurosat,
        layout_lists.oxford_pets,
        layout_scenes.stanford_cars,
        layout_scenes.sun397,
        layout_scenes.ucf101,
        layout_objects.caltech101,
        layout_objects.resisc45,
        layout_objects.vtab,
        layout_fine_grained.fgvc_aircraft,
        layout_fine_grained.cub200,
        layout_fine_grained.nabirds,
        layout_fine_grained.stanford_dogs,
        layout_imagenet.tiny_imagenet,
        layout_imagenet.imagenet,
        layout_imagenet.imagenet_r,
        layout_imagenet.imagenet_a,
        layout_imagenet.imagenet_sketch,
        layout_imagenet.imagenet_v2,
        layout_own.folder,
        layout_own.folder_test,
        layout_own.huggingface,
    ]
}


@cache
def layout(kind: str) -> Layout:
    """The layout of a kind of dataset, drawn once; nobody changes it."""
    return LAYOUTS[kind]()
