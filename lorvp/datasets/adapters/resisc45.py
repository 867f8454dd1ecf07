"""NWPU-RESISC45 (Cheng et al., 2017): scenes seen from above, 256x256."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from lorvp.datasets.download import Archive
from lorvp.datasets.folders.class_folders import images_of
from lorvp.datasets.folders.tree import look
from lorvp.datasets.image_files import CoopThirds
from lorvp.datasets.published import Found
from lorvp.datasets.source import Sizes
from lorvp.files.regular import regular

HOST = (
    "https://huggingface.co/datasets/isaaccorley/resisc45/resolve/"
    "883edc0eee77b2c84225472f10f126e3ed83fa6e/"
)
FILES = {
    "NWPU-RESISC45.zip": "beeecd0b63656290ae6d65cf7763185b0c1c4c54a753ef8088d6fba3faaf1f53",
    "resisc45-train.txt": "ecfa963be4d85eac83665f8be8634abcb4fe6f3546472cc0e87999e2cab4449b",
    "resisc45-val.txt": "08d81f642526bec240589000af7f49a47e8d071a6e7925b0f36246a78ab64342",
    "resisc45-test.txt": "e0927e80130b47317a2f18520d98382b6fc56f0d3edd3345140f7d02267c3805",
}


class Resisc45Config(CoopThirds):
    """45 classes: 18,900 / 6,300 / 6,300 images, TorchGeo's lists, or CoOp's by `split: coop`.

    The lists are those of Neumann et al.
    """

    kind: Literal["resisc45"] = "resisc45"
    archives: list[Archive] = Field(
        default=[Archive(url=HOST + name, hash=f"sha256:{sha}") for name, sha in FILES.items()]
    )
    split: str = Field(default="official", pattern=r"^(coop|official|.*\.json)$")
    """``official``: the lists of Neumann et al. (arXiv 1911.06721), which TorchGeo has. ``coop``:
    half, a fifth and the rest of each class, drawn by seed. A path to a ``split_*.json`` in CoOp's
    form: exactly its images."""

    origin: ClassVar[str] = "https://doi.org/10.1109/JPROC.2017.2675998, TorchGeo's copy"
    layout: ClassVar[str] = (
        "NWPU-RESISC45/ with a folder for each class; for split: official, resisc45-train.txt, "
        "resisc45-val.txt and resisc45-test.txt beside it"
    )
    protocol: ClassVar[str] = "train, val and test of Neumann et al., or CoOp's shares, drawn anew"
    published: ClassVar[Sizes | None] = Sizes(45, 18_900, 6_300, 6_300)

    def read(self, root: Path) -> Found:
        tree = look(root / "NWPU-RESISC45")
        files = images_of(tree, tree.children(tree.root))
        if not files:
            raise LookupError("there are no folders in it")
        names = [folder.name.replace("_", " ") for folder in files]
        images = [(file, k) for k, own in enumerate(files.values()) for file in own]
        if self.split != "official":
            return self.found_in(tree, names, train=images)
        row_of = {file.name: (file, k) for file, k in images}
        parts = {
            part: [row_of[name] for name in regular(root / list_).read_text().split()]
            for part in ("train", "val", "test")
            for list_ in [f"resisc45-{part}.txt"]
        }
        return self.found_in(tree, names, **parts)
