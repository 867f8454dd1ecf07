"""Every module that a worker can run: an edit of it changes a name, breaks a seal, or is excused.

What is excused has its reason here, and tests of its own where it says so.
"""

import ast
import fnmatch
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from lorvp import code_digest, code_files
from lorvp.mappings import MappingConfig
from lorvp.networks.checkpoint import digest
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.manifest import CheckpointManifest
from lorvp.networks.options import OPTIONS
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.fits import FitConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.several import SeveralConfig
from lorvp.trials.identity import CODE, fingerprint, identity
from tasks.settings import TRACKERS
from tests.support.tiny import trial

EXCUSED = {
    "lorvp.datasets.*": "makes images and labels, whose bytes are in each trial's name",
    "lorvp.datasets.imagenet_classes": "names classes, which are in a dataset's digest",
    "lorvp.networks.sources.*": "makes checkpoints, whose bytes are in each trial's name",
    "lorvp.networks.weights_names": "as networks.sources",
    "lorvp.code_digest": "makes the hash; test_code_digest.py",
    "lorvp.code_files": "as code_digest",
    "lorvp.plugins.*": "finds classes, whose code is in each trial's name; plugins/test_code.py",
    "lorvp.trials.store*": "moves sealed bytes; tasks/worker/test_trial.py",
    "lorvp.trials.verified": "as store",
    "lorvp.settings.*": "types of settings, whose values are in each trial's name",
    "lorvp.experiment.params": "reads settings, whose values are in each trial's name",
    "lorvp.experiment.grid": "as params",
    "lorvp.experiment.same_trials": "as params",
    "lorvp.experiment.declared": "words",
    "lorvp.experiment.expansion": "as params",
    "lorvp.experiment.bounds": "as params",
    "lorvp.experiment.searches": "as params",
    "lorvp.experiment.sections": "as params",
    "lorvp.experiment.tune": "as params",
    "lorvp.experiment.yaml_*": "as params",
    "lorvp.results.tables.*": "reads results; the stage of tables makes all of them again",
    "lorvp.trials.versions": "is written down beside a result, and changes none",
    "lorvp.version": "words",
    "lorvp.errors": "words",
    "lorvp.interrupts": "what a Ctrl-C says",
    "lorvp.files.*": "moves bytes, whose checksums are computed before, or refuses them",
    "lorvp.text.*": "words",
    "lorvp.experiment.text_problems": "words",
    "lorvp.performance.lanes": "says in how many lanes, which is written down",
    "tasks.worker.group": "hands a job to lorvp.trials.finish, which refuses another",
    "tasks.worker.lane": "as tasks.worker.group",
    "tasks.worker.start": "how the process is set up; finish makes it repeatable again",
    "tasks.jobs": "makes the name that lorvp.trials.finish compares with its own",
    "tasks.worker.shared_outputs": "a folder's place, and its end",
    "tasks.settings.*": "as tasks.machine.devices: where and how, which is written down",
    "tasks.processes": "when the process ends",
    "tasks.paths": "places of folders; what is in them is in each trial's name",
    "tasks.machine.devices": "says where; the device is written down, and shares no outputs",
    "tasks.machine.precision": "refuses; the precision itself is a setting",
    "tasks.machine.memory": "how freed memory is kept",
    "tasks.worker.failures": "whether to try again",
    "tasks.errors": "words",
    "tasks.tracking.*": "tells others of numbers, and has no way back",
    "tasks.worker.log": "logs",
}


PARTS = [ContentConfig, PlacementConfig, FitConfig, SeveralConfig]
"""What `compose` is made of; some of it no published method has."""


def modules_of(union: Any) -> set[str]:
    return {kind.__module__ for kind in get_args(get_args(union)[0])}


def file_of(module: str) -> Path | None:
    place = code_digest.ROOT.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in files if path.is_file()), None)


def reached(start: str) -> set[str]:
    """All of ours that is imported from here on, wherever the import stands; lists of names are
    followed, and are no modules of their own."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        path = file_of(module) if module.split(".")[0] in {"lorvp", "tasks"} else None
        if path and module not in found:
            found.add(module)
            waiting += code_files._imported(ast.parse(path.read_bytes()))
            waiting += [module.rpartition(".")[0]]
    return {module for module in found if code_digest._file(module).is_file()}


OF_TRIALS = code_digest.closure(
    set().union(CODE, *map(modules_of, [MethodConfig, MappingConfig, *PARTS])),
    code_digest.GROUND | code_digest.PIXELS,
)
OF_CHECKPOINTS = code_digest.closure(
    [library.__name__ for library in LIBRARIES.values()]
    + [options.__module__ for options in OPTIONS.values()]
    + ["lorvp.networks.loading"],
    code_digest.GROUND,
)
HASHED = sorted(OF_TRIALS | OF_CHECKPOINTS)


def test_what_a_worker_can_run_is_hashed_or_excused():
    starts = ["tasks.worker.group", "tasks.worker.start", *TRACKERS.values()]
    rest = set().union(*map(reached, starts)) - set(HASHED)
    unexcused = [m for m in sorted(rest) if not any(fnmatch.fnmatch(m, p) for p in EXCUSED)]
    assert not unexcused
    stale = [pattern for pattern in EXCUSED if not fnmatch.filter(rest, pattern)]
    assert not stale, "nothing that a worker can run is hashed by no name and called so"


def test_nothing_is_hashed_and_excused():
    """But for the datasets' own folder, where what reads stored images lies too."""
    both = [m for m in HASHED if any(fnmatch.fnmatch(m, p) for p in EXCUSED)]
    assert both == [
        "lorvp.datasets.duplicates",
        "lorvp.datasets.labelled_images",
        "lorvp.datasets.manifest",
        "lorvp.datasets.prepared",
        "lorvp.datasets.verified",
    ]


def names() -> Iterator[str]:
    """Of a trial for each method and each mapping, and of a checkpoint of each library."""
    for kind in get_args(get_args(MethodConfig)[0]):
        for method in composed() if kind is ComposeConfig else [kind()]:
            yield fingerprint(identity(trial(method), "data", "weights"))
    for kind in get_args(get_args(MappingConfig)[0]):
        yield fingerprint(identity(trial(mapping=kind()), "data", "weights"))
    facts = {
        "architecture": "x", "input_size": (8, 8), "mean": [0.0] * 3, "std": [1.0] * 3,
        "interpolation": "bilinear", "class_names": [], "source": "", "features": 1,
        "tokens": None, "made_from": "", "weights_sha256": "",
    }  # fmt: skip
    for library in LIBRARIES:
        yield digest(CheckpointManifest(library=library, **facts))


def composed() -> Iterator[ComposeConfig]:
    """One for each way of several prompts, some of which no published method has."""
    for kind in get_args(get_args(SeveralConfig)[0]):
        yield ComposeConfig(content=FreeConfig(), several=kind())


@cache
def unchanged() -> list[str]:
    return list(names())


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("module", HASHED)
def test_every_function_counts(module, monkeypatch):
    """Each alone is made to return at once; the file's hash is another then, and so is a name."""
    path, source = code_digest._file(module), code_files.source
    before = code_files.syntax.__wrapped__(path)
    text, after = path.read_text(), before
    for number in range(len(functions(ast.parse(text)))):
        tree = ast.parse(text)
        function = functions(tree)[number]
        function.body.insert(0, ast.parse("return 1.05").body[0])
        mutated = ast.unparse(ast.fix_missing_locations(tree)).encode()
        monkeypatch.setattr(
            code_files, "source", lambda p, new=mutated: new if p == path else source(p)
        )
        after = code_files.syntax.__wrapped__(path)
        assert after != before, function.name
    known, syntax = unchanged(), code_files.syntax
    monkeypatch.setattr(code_files, "syntax", lambda p: "changed" if p == path else syntax(p))
    code_digest._digest_of.cache_clear()
    try:
        changed = any(old != new for old, new in zip(known, names(), strict=False))
    finally:
        code_digest._digest_of.cache_clear()
    assert changed, module
