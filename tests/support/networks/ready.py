"""Frozen networks of every library, ready for a task."""

from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.manifest import Facts
from tests.support.layers import unlike_fresh
from tests.support.networks.samples import built
from tests.support.tiny import TARGET_NAMES


def of(own: Facts) -> FrozenNetwork:
    """With random weights, and statistics unlike 0 and 1."""
    return LIBRARIES[own.library].frozen(unlike_fresh(built(own)), own).for_targets(TARGET_NAMES)
