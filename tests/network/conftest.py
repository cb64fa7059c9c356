"""What the tests on whole daemons share."""

from collections.abc import Iterator

import pytest

from tests.support import raw_peer


@pytest.fixture(autouse=True)
def _no_connection_outlives_its_test() -> Iterator[None]:
    yield
    while raw_peer.opened:
        raw_peer.opened.pop().close()
