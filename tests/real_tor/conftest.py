"""One private Tor network for all tests here. Where it can't be had the tests fail: nothing is skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.tor import network
from tests.support.tor_process import TorProcess


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is here runs on real tors."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real_tor)


@pytest.fixture(scope="session")
def private_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a network on which onion services work; its tors end with the tests, however these end."""
    folder = tmp_path_factory.mktemp("tornet") / "net"
    network.start(folder, 5, say=lambda _: None, owner=os.getpid())
    yield folder
    network.stop(folder, lambda _: None)


@pytest.fixture
def tors(private_network: Path) -> Iterator[list[TorProcess]]:
    """A tor for each of two people, which outlive their daemons."""
    made = [TorProcess(private_network), TorProcess(private_network)]
    try:
        for tor in made:
            tor.start()
        yield made
    finally:
        for tor in made:
            tor.end()
