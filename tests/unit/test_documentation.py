"""pdoc makes pages of every module, and finds nothing to warn of."""

import sys
from pathlib import Path

import pytest

import lorvp

pdoc = pytest.importorskip("pdoc", reason="uv sync --group dev")
ROOT = Path(lorvp.__file__).parent


def test_every_module_has_a_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # else it asks whether the folder or the package is meant
    monkeypatch.setenv("PDOC_DISPLAY_ENV_VARS", "1")  # else a default that is also there warns
    files = [path.relative_to(ROOT.parent).with_suffix("") for path in ROOT.rglob("*.py")]
    modules = {".".join(path.parts).removesuffix(".__init__") for path in files}
    pdoc.pdoc("lorvp", output_directory=tmp_path)
    missing = modules - pages(tmp_path)
    # It leaves out what a package does not name in its `__all__`, unless asked for.
    assert all(hasattr(sys.modules[name.rpartition(".")[0]], "__all__") for name in missing)
    pdoc.pdoc(*missing, output_directory=tmp_path)
    assert modules <= pages(tmp_path)
    assert "ICLR 2025" in (tmp_path / "lorvp/prompts/contents/low_rank.html").read_text()


def pages(folder: Path) -> set[str]:
    found = [path.relative_to(folder).with_suffix("") for path in folder.rglob("*.html")]
    return {".".join(path.parts) for path in found}
