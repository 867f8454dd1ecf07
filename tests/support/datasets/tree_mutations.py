"""Folders of classes with seeded mistakes in them, and what should become of each."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from tests.support.datasets.pictures import Which
from tests.support.datasets.trees import ANIMALS, Tree, pictures

SPELLINGS = {
    "train": ["train", "Train", "TRAINING", "training"],
    "val": ["val", "valid", "Validation", "dev"],
    "test": ["test", "Test", "testing"],
}


@dataclass
class Case:
    """A tree and what should become of it."""

    rng: random.Random
    tree: Tree = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Folders of the splits by name; ``all`` where they are to be drawn."""
    used: list[Which] = field(default_factory=list)
    not_used: int = 0
    refused: bool = False
    numbers: count = field(default_factory=lambda: count(10))

    def place(self) -> tuple[str, str, int]:
        """A split, and one of its classes."""
        part = self.rng.choice(list(self.places))
        label = self.rng.randrange(len(ANIMALS))
        return part, f"{self.places[part]}{ANIMALS[label]}", label

    def put(self, path: str, content: object) -> None:
        """A file that is not used."""
        self.tree[path] = content
        self.not_used += 1

    def use(self, path: str, which: Which) -> None:
        self.tree[path] = which
        self.used.append(which)

    def fresh(self) -> int:
        return next(self.numbers)


def base(rng: random.Random) -> Case:
    """Classes side by side, or in two or three splits by any of their names."""
    case = Case(rng)
    parts = rng.choice([["all"], ["train", "test"], ["train", "val", "test"], ["train", "val"]])
    for part in parts:
        folder = "" if part == "all" else rng.choice(SPELLINGS[part]) + "/"
        case.places[part] = folder
        for path, which in pictures(folder + "{}/{}.png", part, 6).items():
            case.use(str(path), which)
    return case


def another_file(case: Case) -> None:
    case.put(f"{case.place()[1]}/{case.fresh()}{case.rng.choice(['.txt', '.HEIC', ''])}", b"")


def a_picture_outside(case: Case) -> None:
    case.put(f"{case.rng.choice(list(case.places.values()))}{case.fresh()}.png", b"")


def a_hidden_file(case: Case) -> None:
    case.put(f"{case.place()[1]}/.{case.fresh()}.png", b"")


def a_systems_files(case: Case) -> None:
    name = case.rng.choice(["__MACOSX", ".ipynb_checkpoints", "@eaDir", ".git"])
    case.tree[f"{case.place()[1]}/{name}/{case.fresh()}.png"] = b"text"
    case.tree[f"{name}/{case.fresh()}.png"] = b"text"


def a_link_to_one_there(case: Case) -> None:
    path = case.rng.choice([p for p, w in case.tree.items() if isinstance(w, Which)])
    case.put(f"{case.place()[1]}/{case.fresh()}.png", "-> {root}/" + str(path))


def a_loop(case: Case) -> None:
    case.put(f"{case.place()[1]}/{case.fresh()}", "-> " + case.rng.choice(["..", ".", "../.."]))


def a_link_to_nothing(case: Case) -> None:
    case.put(f"{case.place()[1]}/{case.fresh()}", "-> nowhere")


def another_picture(case: Case) -> None:
    part, folder, label = case.place()
    number = case.fresh()
    name = case.rng.choice(["{}.JPG", "deep/{}.png", "a folder.png/{}.png", "\u00e4 {}.Png"])
    case.use(f"{folder}/{name.format(number)}", Which(part, label, min(number, 15)))


def a_picture_elsewhere(case: Case) -> None:
    part, folder, label = case.place()
    number = case.fresh()
    case.use(f"../{number}.png", Which(part, label, min(number, 15)))
    case.tree[f"{folder}/{number}.png"] = f"-> {{root}}/../{number}.png"


def a_copy(case: Case) -> None:
    part, folder, label = case.place()
    case.use(f"{folder}/{case.fresh()}.png", Which(part, label, 0))


def refused(tree: Callable[[Case], Tree]) -> Callable[[Case], None]:
    """A mutation that leaves no right answer."""

    def mutate(case: Case) -> None:
        case.tree |= tree(case)
        case.refused = True

    mutate.__name__ = tree.__name__
    return mutate


def first(case: Case) -> str:
    """The folder of train, or of all."""
    return next(iter(case.places.values()))


@refused
def no_picture(case: Case) -> Tree:
    return {f"{case.place()[1]}/{case.fresh()}.png": b"text"}


@refused
def a_class_without_pictures(case: Case) -> Tree:
    return {f"{first(case)}zebra/{case.fresh()}.txt": b""}


@refused
def a_class_too_many_in_one_split(case: Case) -> Tree:
    """Or with one picture, where it has to be split."""
    return {f"{case.rng.choice(list(case.places.values()))}zebra/1.png": Which("all", 3, 0)}


@refused
def a_twin(case: Case) -> Tree:
    return {f"{first(case)}{name}/{n}.png": Which("all", 3, 0) for name in ("a_b", "a b", "a  b")
            for n in range(4)}  # fmt: skip


@refused
def a_class_of_other_bytes(case: Case) -> Tree:
    return {os.fsencode(first(case)) + b"\xff/1.png": Which("all", 3, 0)}


@refused
def a_second_name(case: Case) -> Tree:
    """Of a split, or a split beside classes."""
    taken = {folder.rstrip("/") for folder in case.places.values()}
    part = case.rng.choice([part for part in case.places if part in SPELLINGS] or ["train"])
    name = case.rng.choice([name for name in SPELLINGS[part] if name not in taken])
    return pictures(name + "/{}/{}.png", "all", 2)


@refused
def splits_in_a_class(case: Case) -> Tree:
    return {f"{case.place()[1]}/test/{case.fresh()}.png": Which("all", 0, 0)}


HARMLESS = [
    another_file, a_picture_outside, a_hidden_file, a_systems_files, a_link_to_one_there, a_loop,
    a_link_to_nothing, another_picture, a_picture_elsewhere, a_copy,
]  # fmt: skip
FATAL = [
    no_picture, a_class_without_pictures, a_class_too_many_in_one_split, a_twin,
    a_class_of_other_bytes, a_second_name, splits_in_a_class,
]  # fmt: skip


def drawn(seed: int) -> Case:
    """Some mutations; every third time one that is fatal."""
    rng = random.Random(seed)
    case = base(rng)
    mutations = rng.choices(HARMLESS, k=rng.randint(1, 5)) + [rng.choice(FATAL)] * (seed % 3 == 0)
    for mutate in rng.sample(mutations, len(mutations)):
        mutate(case)
    return case
