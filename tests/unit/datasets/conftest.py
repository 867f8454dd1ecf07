"""No test writes to the user's folders."""

import signal
from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_hub_cache(tmp_path_factory):
    """The Hugging Face library keeps a copy of what it has read."""
    if not find_spec("datasets"):
        yield
        return
    import datasets

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("hub"))
        yield


@pytest.fixture
def impatient():
    """A file on which we wait ends the test, if the decoder lets it."""

    def end(*_):
        pytest.fail("this file takes too long")

    before = signal.signal(signal.SIGALRM, end)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
