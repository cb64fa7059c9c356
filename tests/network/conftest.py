"""What the tests on whole daemons share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import raw_guest, raw_peer
from tests.support.node import Caller, Node, nodes


@pytest.fixture(autouse=True)
def _no_connection_outlives_its_test() -> Iterator[None]:
    yield
    while raw_peer.opened:
        raw_peer.opened.pop().close()
    while raw_guest.opened:
        raw_guest.opened.pop().close()


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Node]:
    """A daemon with one profile."""
    with nodes(tmp_path, "alice") as (node,):
        yield node


@pytest.fixture
def caller(alice: Node) -> Iterator[Caller]:
    """A connection of its own to alice's daemon."""
    opened = alice.caller()
    yield opened
    opened.close()
