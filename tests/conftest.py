"""Settings for every test: no network, none of the user's folders, the same bits on every run."""

import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

# Before torch is imported: threads that wait soon sleep, as in the pipeline itself.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

import pytest
import torch
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from xdist.scheduler import LoadGroupScheduling

from tests.support import contract_of
from tests.support.surroundings import own_surroundings

HOME = pytest.StashKey[str]()

# No deadline: the first example pays for imports, and a loaded machine is no failure.
settings.register_profile("lorvp", deadline=None, derandomize=True, database=None)
settings.load_profile("lorvp")


def pytest_addoption(parser: pytest.Parser) -> None:
    contract_of.add_option(parser)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    contract_of.select(config, items)


class ByFile(LoadGroupScheduling):
    """A file's tests run in one process, since they share what is dear to make."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    return ByFile(config, log) if config.option.dist == "loadgroup" else None


def pytest_configure(config: pytest.Config) -> None:
    """Set before any test file is imported, since Prefect and W&B read these on import."""
    contract_of.narrow(config)
    home = config.stash.setdefault(HOME, tempfile.mkdtemp(prefix="lorvp-tests-"))
    surroundings = own_surroundings(os.environ, home)
    os.environ.clear()
    os.environ.update(surroundings)
    set_hypothesis_home_dir(home)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial store of its own for each test."""
    monkeypatch.setenv("LORVP_STORE", str(tmp_path / "own-store"))


@pytest.fixture(autouse=True, scope="session")
def at_first() -> list[tuple[Any, str]]:
    """In what precision torch computes float32 numbers unless told, and what tells it."""
    torch.set_warn_always(True)  # not only in the first test that gives cause to
    # use_deterministic_algorithms does the same, and imports the compiler for 6 s to tell it so.
    torch.set_deterministic_debug_mode("error")
    assert torch.are_deterministic_algorithms_enabled()
    backends: Any = torch.backends
    cudnn, onednn = backends.cudnn, backends.mkldnn
    parts = [backends, cudnn, cudnn.conv, cudnn.rnn, backends.cuda.matmul, onednn.conv]
    return [(part, part.fp32_precision) for part in [*parts, onednn.matmul]]


@pytest.fixture(autouse=True)
def same_bits(at_first: list[tuple[Any, str]]) -> None:
    """One thread, since sums over threads differ in their last bits with their number, and torch's
    own precision, whatever fixtures and tests before have set."""
    torch.set_num_threads(1)
    for part, precision in at_first:
        if part.fp32_precision != precision:
            part.fp32_precision = precision


@pytest.fixture
def float64():
    """Tensors and modules made in the test are float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """Every way out of this machine raises; the loopback stays, as Prefect's server needs it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(original):
    def call(self, *args):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _require_loopback(args[-1][0])
        return original(self, *args)

    return call


def _guarded_lookup(original):
    def lookup(host, *args, **kwargs):
        _require_loopback(host)
        return original(host, *args, **kwargs)

    return lookup


def _require_loopback(host) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost", socket.gethostname()) and not _is_loopback(name):
        raise RuntimeError(f"a test tried to reach {name}; tests run without a network")


def _is_loopback(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    # Servers bind to "any address", which stays on this machine until someone calls.
    return address.is_loopback or address.is_unspecified
