"""Which parts of the project may import which, read from the files themselves."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_code import ROOT, names_in

CLUSTERS = {"ray", "prefect_ray", "dask", "distributed", "prefect_dask"}
PIPELINE = {"prefect", "dvc", "wandb", "pebble", "tasks", "flows"} | CLUSTERS
FORBIDDEN = {"lorvp": PIPELINE, "tasks": {"flows"}}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """The outermost packages that a file imports anywhere."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    named = {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module}
    return {name.split(".")[0] for name in plain | named}


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_go_from_flows_to_tasks_to_lorvp(package):
    assert files(package)
    wrong = {relative(path): imported(path) & FORBIDDEN[package] for path in files(package)}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize("path", files("lorvp"), ids=relative)
def test_no_import_that_the_code_hash_would_miss(path):
    """The code hash follows absolute imports of names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write the import from lorvp on"
            assert node.names[0].name != "*", f"line {node.lineno}: import names"
        assert not (isinstance(node, ast.Name) and node.id in ("__import__", "importlib"))


@pytest.mark.parametrize(
    "path", [path for path in files("lorvp") if path.name == "__init__.py"], ids=relative
)
def test_init_files_only_list_names(path):
    """The code hash does not look into them."""
    for node in ast.parse(path.read_text()).body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        lists = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)
        assert text or lists or for_types, (
            f"{relative(path)} line {node.lineno}: move this to a file of its own"
        )


SETS_NUMBERS = re.compile(
    r"torch\.(set_|use_|backends|utils\.deterministic|manual_seed|random)"
    r"|CUBLAS_WORKSPACE|NVIDIA_TF32|TORCH_ALLOW|OMP_NUM_THREADS|MKL_"
)


@pytest.mark.parametrize("path", files("tasks") + files("flows"), ids=relative)
def test_what_a_process_sets_before_it_computes_is_in_the_code_hash(path):
    """Threads, precision and repeatability change the last bits of a result; they are set in
    lorvp/training/determinism.py."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.Attribute | ast.Constant)]  # fmt: skip
    inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found = [ast.unparse(node) for node in nodes if id(node) not in inner]
    asked = ".is_available"  # sets nothing
    assert not [
        text for text in found if SETS_NUMBERS.match(text.strip("'")) and not text.endswith(asked)
    ]


@pytest.mark.parametrize("path", files("lorvp"), ids=relative)
def test_every_file_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", files("tests"), ids=relative)
def test_no_test_file_lends_another_its_helpers(path):
    """What several files use is in tests/support, or beside the tests in a file without tests."""
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)]
    assert [n.module for n in nodes if n.level] == [], "write the import from tests on"
    lent = [name for name in names_in(path) if name.startswith("tests.")]
    own = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    assert [name for name in lent if name != own and HOLDS_TESTS.search(name)] == []


HOLDS_TESTS = re.compile(r"\.(test_\w+|conftest)(\.|$)")
ALONE = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None  # an import of it raises ImportError
import lorvp.trials.run, lorvp.experiment.params, lorvp.results.tables, lorvp.trials.store
import lorvp.networks.checkpoint
heavy = {"timm", "altair", "torchvision", "datasets"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_science_works_without_the_pipeline_and_loads_nothing_heavy():
    command = [sys.executable, "-W", "error", "-c", ALONE, ",".join(sorted(PIPELINE))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
