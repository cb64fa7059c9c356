"""Two connections between the two made on purpose, over real onion services: order holds, also when the one in use breaks.

alice lives in the test's own process, so that the test can make her call again and see her links; bob is a daemon of his own.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_twisted import blockon

from cwtchd.app import contacts, messages
from cwtchd.app.effects import Outcome
from cwtchd.config import Config, KdfCost, TorChoice
from cwtchd.protocol.model import Onion
from cwtchd.rpc.notify import LiveEvents
from cwtchd.runtime.home import Home
from cwtchd.runtime.links import PeerLink
from cwtchd.runtime.profile import OpenProfile
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.threads import RealThreads
from cwtchd.runtime.work import ProofsOfWork
from cwtchd.store.vault import Vault
from cwtchd.tor.interface import TorState
from cwtchd.tor.service import TorService
from tests.support.crash import everything_arrived
from tests.support.node import Node
from tests.support.reactor import reactor, until
from tests.support.tor_process import TorProcess


def now_ms() -> int:
    return int(time.time() * 1000)


class Alice:
    """All of a daemon but its socket."""

    def __init__(self, folder: Path, tor: TorProcess) -> None:
        config = Config(
            folder, folder / "socket", TorChoice(attach=f"unix:{tor.control}"), KdfCost(1 << 20, 1)
        )
        self.tor = TorService(reactor, config, now_ms)
        self.threads = RealThreads(reactor, now_ms, os.urandom, config.events_kept)
        around = Surroundings(reactor, now_ms, os.urandom, random.random, self.tor, ProofsOfWork(reactor))
        self.home = Home(Vault(folder, config.kdf, os.urandom), self.threads, around, LiveEvents(now_ms))
        self.profile: OpenProfile = blockon(self.home.create("alice", "password"))
        self.tor.start()

    def do(self, decide: object) -> None:
        told: list[Outcome[object] | Exception] = []
        self.profile.run(decide, told.append)  # type: ignore[arg-type] # a decision's outcome is not looked at

    def links(self) -> list[PeerLink]:
        return list(self.profile.admitted_links(1))

    def stop(self) -> None:
        blockon(self.home.close())
        blockon(self.tor.stop())
        self.threads.stop()


@pytest.fixture
def alice(tors: list[TorProcess], tmp_path: Path) -> Iterator[Alice]:
    folder = tmp_path / "alice"
    folder.mkdir()
    made = Alice(folder, tors[0])
    yield made
    made.stop()


@pytest.fixture
def bob(tors: list[TorProcess], tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, "bob", f"unix:{tors[1].control}")
    try:
        node.start()
        node.create()
        yield node
    finally:
        node.end()


async def test_order_holds_over_two_connections_and_the_end_of_the_one_in_use(
    alice: Alice, bob: Node
) -> None:
    await until(lambda: alice.tor.status.state is TorState.READY, 40, "Tor")
    own = alice.profile.onion
    alice.do(lambda uow: contacts.add(uow, own, bob.id, "bob", None))
    await until(lambda: bool(alice.links()), 60, "a connection")
    # Alice may know the link before bob has stored who calls.
    await until(lambda: bool(bob("contact.list")), 60, "bob's request")
    request = bob("contact.list")[0]["id"]
    bob("contact.accept", conversation=request)
    wanted = []
    for round_ in range(3):
        while len(alice.links()) < 2:
            await alice.profile.dial(Onion(bob.id))
            await until(lambda: len(alice.links()) >= 2, 60, "a second connection")
        assert len(alice.links()) >= 2
        for number in range(20):
            text = f"{round_}-{number}"
            wanted.append(text)
            alice.do(lambda uow, text=text: messages.send(uow, own, 1, text, None))
            if number == 10:
                alice.profile.hang_up(alice.links()[0])  # the oldest: the one that the pump is bound to
    await until(lambda: len(bob.texts(request, outgoing=False)) == len(wanted), 60, "all messages")
    everything_arrived(bob, request, wanted, [])
