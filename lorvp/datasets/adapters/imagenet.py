"""ImageNet-1K (Russakovsky et al., 2015) and its test sets under distribution shift."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive, archives_at
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import RealFiles, TestOnly
from lorvp.datasets.imagenet_classes import imagenet_synsets, synset_names
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.settings import Name

BERKELEY = "https://people.eecs.berkeley.edu/~hendrycks/"
HUB = "https://huggingface.co/datasets/"


class ImagenetConfig(RealFiles):
    """1,000 classes: 1,268,355 / 12,812 / 50,000 images, of which the official validation
    images are the test set.

    It takes an account to download, so ``root`` has to be given: the folder that torchvision's
    ``ImageNet`` makes of the official archives. Stored at 224 pixels it takes 200 GB.
    """

    kind: Literal["imagenet"] = "imagenet"
    val: float = Field(default=0.01, gt=0, lt=1)

    origin: ClassVar[str] = "https://image-net.org, ILSVRC 2012 (research use)"
    layout: ClassVar[str] = "train/WNID/ and val/WNID/ for each of the 1,000 classes"
    protocol: ClassVar[str] = (
        "official val is the test set, as everywhere; val is held out of train, where papers "
        "have none"
    )
    published: ClassVar[Sizes | None] = Sizes(1000, 1_281_167, 0, 50_000)

    def read(self, root: Path) -> Found:
        wnids = imagenet_synsets()
        tree = look(root, ("train", "val"))
        folders = [root / part / wnid for part in ("train", "val") for wnid in wnids]
        images = images_of(tree, folders)
        train, test = (
            [(file, k) for k, wnid in enumerate(wnids) for file in images[root / part / wnid]]
            for part in ("train", "val")
        )
        return self.found_in(tree, synset_names(wnids), train=train, test=test)


class _ImagenetShift(TestOnly):
    """Test images only, for prompts that were trained on ImageNet."""

    of: Name = "imagenet"
    """A name under `datasets`: prompts trained on it are tested."""

    folders: ClassVar[tuple[str, ...]]
    """Places where the archive, or a copy of it, has the folders of the classes."""

    def read(self, root: Path) -> Found:
        wnids = imagenet_synsets()
        places = [root / folder for folder in self.folders if (root / folder).is_dir()]
        place = (places or [root])[0]
        labels = [k for k, wnid in enumerate(wnids) if (place / self.folder_name(k, wnid)).is_dir()]
        assert self.published is not None
        if len(labels) != self.published.classes:
            wanted = self.published.classes
            raise InputError(f"{place} has {len(labels)} of the {wanted} classes: {self.layout}")
        folders = [place / self.folder_name(k, wnids[k]) for k in labels]
        tree = look(place)
        images = images_of(tree, folders)
        names = synset_names(wnids)
        files = [(file, n) for n, folder in enumerate(folders) for file in images[folder]]
        return self.found_in(tree, [names[k] for k in labels], test=files)

    def folder_name(self, label: int, wnid: str) -> str:
        """The name of a class's folder."""
        return wnid


class ImagenetRConfig(_ImagenetShift):
    """200 classes: 30,000 renditions to test prompts of ImageNet on.

    Hendrycks et al., ICCV 2021.
    """

    kind: Literal["imagenet_r"] = "imagenet_r"
    archives: list[Archive] = archives_at(
        BERKELEY, {"imagenet-r.tar": "a61312130a589d0ca1a8fca1f2bd3337"}
    )

    origin: ClassVar[str] = "https://github.com/hendrycks/imagenet-r (MIT)"
    layout: ClassVar[str] = "imagenet-r/WNID/ for each of its 200 classes"
    folders: ClassVar[tuple[str, ...]] = ("imagenet-r",)
    published: ClassVar[Sizes | None] = Sizes(200, 0, 0, 30_000)


class ImagenetAConfig(_ImagenetShift):
    """200 classes: 7,500 hard photographs to test prompts of ImageNet on.

    Hendrycks et al., CVPR 2021.
    """

    kind: Literal["imagenet_a"] = "imagenet_a"
    archives: list[Archive] = archives_at(
        BERKELEY, {"imagenet-a.tar": "c3e55429088dc681f30d81f4726b6595"}
    )

    origin: ClassVar[str] = "https://github.com/hendrycks/natural-adv-examples (MIT)"
    layout: ClassVar[str] = "imagenet-a/WNID/ for each of its 200 classes"
    folders: ClassVar[tuple[str, ...]] = ("imagenet-a",)
    published: ClassVar[Sizes | None] = Sizes(200, 0, 0, 7_500)


class ImagenetSketchConfig(_ImagenetShift):
    """1,000 classes: 50,889 drawings to test prompts of ImageNet on. Wang et al., NeurIPS 2019."""

    kind: Literal["imagenet_sketch"] = "imagenet_sketch"
    archives: list[Archive] = archives_at(
        f"{HUB}songweig/imagenet_sketch/resolve/main/data/", {"ImageNet-Sketch.zip": None}
    )

    origin: ClassVar[str] = "https://github.com/HaohanWang/ImageNet-Sketch (MIT)"
    layout: ClassVar[str] = "sketch/WNID/ for each of the 1,000 classes"
    folders: ClassVar[tuple[str, ...]] = ("sketch", "data/sketch", "ImageNet-Sketch")
    published: ClassVar[Sizes | None] = Sizes(1000, 0, 0, 50_889)


class ImagenetV2Config(_ImagenetShift):
    """1,000 classes: 10,000 new photographs to test prompts of ImageNet on.

    Recht et al., ICML 2019, matched frequency: ten a class.
    """

    kind: Literal["imagenet_v2"] = "imagenet_v2"
    archives: list[Archive] = archives_at(
        f"{HUB}vaishaal/ImageNetV2/resolve/main/", {"imagenetv2-matched-frequency.tar.gz": None}
    )

    origin: ClassVar[str] = "https://github.com/modestyachts/ImageNetV2 (MIT)"
    layout: ClassVar[str] = "imagenetv2-matched-frequency-format-val/ with folders 0 … 999"
    folders: ClassVar[tuple[str, ...]] = ("imagenetv2-matched-frequency-format-val",)
    published: ClassVar[Sizes | None] = Sizes(1000, 0, 0, 10_000)

    def folder_name(self, label: int, wnid: str) -> str:
        return str(label)
