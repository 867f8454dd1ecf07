"""What several files about trials need."""

import pytest

from lorvp.trials.contents import sealed
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from tests.support.stores import IDENTITY, NAME
from tests.support.tiny import dataset, tiny_network, trial


@pytest.fixture
def data(tmp_path):
    """A tiny dataset."""
    return dataset(tmp_path / "noise")


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    """The result of a tiny trial."""
    data = dataset(tmp_path_factory.mktemp("data") / "noise")
    return run(trial(), tiny_network(), data)


@pytest.fixture
def store(tmp_path, result):
    """A store that holds one finished trial."""
    store = TrialStore(tmp_path / "store")
    store.put(NAME, sealed(NAME, result, {"name": "a trial", "identity": IDENTITY}))
    return store
