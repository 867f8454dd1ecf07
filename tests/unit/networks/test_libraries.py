"""The libraries that build networks, and what each may be told."""

from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.options import OPTIONS


def test_every_library_has_a_list_of_what_it_may_be_told():
    assert list(OPTIONS) == list(LIBRARIES)
