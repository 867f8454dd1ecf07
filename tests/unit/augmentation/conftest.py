"""Devices that cannot be asked without waiting."""

import pytest

from lorvp.augmentation import levels, resized_crop, trivial


@pytest.fixture
def elsewhere(monkeypatch):
    """From now on, images count as being on such a device."""

    def move() -> None:
        for module in (levels, resized_crop, trivial):
            monkeypatch.setattr(module, "on_host", lambda tensor: False)

    return move
