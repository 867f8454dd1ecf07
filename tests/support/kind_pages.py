"""`python -m tests.support.kind_pages`: write anew what pages say of methods, mappings, datasets.

What a kind does is the first sentence of its class's docstring, which the hash of the code leaves
out; where it comes from is its `origin`; what it trains is counted.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.published import RealDataset
from lorvp.mappings import MappingConfig
from lorvp.networks.interface import Canvas, Ends, Tokens
from lorvp.prompts.methods import MethodConfig
from lorvp.settings import symbols
from tests.support import origins
from tests.support.marked import with_part
from tests.support.origins import cell, kinds

ROOT = Path(__file__).parents[2]
VIT_B = Canvas((224, 224), patch=16, tokens=Tokens(768, 12))
VIT_B_ENDS = Ends(
    source_names=tuple(f"source {s}" for s in range(1000)),
    features=768,
    target_names=tuple(f"target {k}" for k in range(100)),
    text=True,
)


def methods() -> Iterator[str]:
    yield "| method | what it does | trained values | from |\n| --- | --- | --- | --- |\n"
    for kind in kinds(MethodConfig):
        yield row(kind, what(kind), prompt_values(kind), cell(kind.origin.paper))


def mappings() -> Iterator[str]:
    yield "| mapping | target logits from | trained values | from |\n| --- | --- | --- | --- |\n"
    for kind in kinds(MappingConfig):
        trained = kind().build(VIT_B_ENDS).parameters()
        yield row(kind, what(kind), f"{sum(p.numel() for p in trained):,}", cell(kind.origin.paper))


def datasets() -> Iterator[str]:
    yield "| dataset | train / val / test | needs |\n| --- | --- | --- |\n"
    for kind in kinds(DatasetConfig):
        yield row(kind, what(kind), ", ".join(f"`{key}`" for key in needs(kind)))


def row(kind: Any, *cells: str) -> str:
    return f"| `{kind.model_fields['kind'].default}` | {' | '.join(cells)} |\n"


def what(kind: type) -> str:
    """The first sentence of its docstring."""
    words = " ".join((inspect.getdoc(kind) or "").split()).replace("``", "`")
    return cell(words.partition(". ")[0].removesuffix("."))


def required(kind: Any) -> list[str]:
    return [name for name, field in kind.model_fields.items() if field.is_required()]


def needs(kind: Any) -> list[str]:
    """The keys that have to be written: also `root`, if there is nothing to download."""
    found = required(kind)
    by_address = getattr(kind, "raw_folder", None) is RealDataset.raw_folder
    if by_address and "root" not in found and not kind.model_fields["archives"].default:
        found.append("root")
    return found


def prompt_values(kind: Any) -> str:
    """What the prompt trains with its default settings, part by part, for ViT-B/16."""
    if required(kind):
        return "those of its parts"
    settings = kind()
    prompt = settings.build(VIT_B)
    counts = [sum(p.numel() for p in part.parameters()) for part in prompt.children()]
    trained = " + ".join(f"{count:,}" for count in counts if count)
    if not trained:
        return "all weights" if prompt.inside_network else "0"
    named = ", ".join(symbols(settings).values())
    return f"{trained} ({named})" if named else trained


TABLES: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "lorvp/prompts/README.md": ("methods", methods),
    "lorvp/mappings/README.md": ("mappings", mappings),
    "lorvp/datasets/README.md": ("datasets", datasets),
}


def pages() -> dict[str, str]:
    """The text that each page should have."""
    made = {
        name: with_part((ROOT / name).read_text(), mark, "".join(table()))
        for name, (mark, table) in TABLES.items()
    }
    return made | {"lorvp/FIDELITY.md": origins.page()}


if __name__ == "__main__":
    for name, text in pages().items():
        (ROOT / name).write_text(text)
