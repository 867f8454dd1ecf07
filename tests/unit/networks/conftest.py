"""What several tests of checkpoints and files of weights need."""

import pytest
import torch

from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from tests.support.networks.checkpoints import FACTS


@pytest.fixture(scope="session")
def names(tmp_path_factory) -> str:
    """A file of seven class names."""
    path = tmp_path_factory.mktemp("names") / "names.txt"
    path.write_text("".join(f"kind {n}\n" for n in range(7)))
    return str(path)


@pytest.fixture(scope="module")
def network():
    """With random weights."""
    torch.manual_seed(0)
    return create("test_resnet", 5).eval()


@pytest.fixture
def folder(tmp_path, network):
    """A checkpoint of the network."""
    checkpoint.write(tmp_path / "net", network, FACTS)
    return tmp_path / "net"
