"""Posting to a server as a profile does it, in one process with real threads, files and sockets: a token a message, believed once it echoes.

No method posts yet (groups will); the decision is queued by the test as a group's would be.
"""

import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from pytest_twisted import blockon
from twisted.internet.defer import Deferred

from cwtchd.app import posts, server_clocks, servers
from cwtchd.app.effects import Outcome
from cwtchd.config import KdfCost
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.rpc.hosting_schema import Hosted
from cwtchd.rpc.notify import LiveEvents
from cwtchd.runtime.home import Home
from cwtchd.runtime.hosting import Hosting
from cwtchd.runtime.profile import OpenProfile
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.threads import RealThreads
from cwtchd.runtime.work import ProofsOfWork
from cwtchd.server.settings import ServerSettings
from cwtchd.store.database import UnitOfWork
from cwtchd.store.posts import PostRow, PostState
from cwtchd.store.server_vault import ServerVault
from cwtchd.store.vault import Vault
from tests.support.local_tor import LocalTor
from tests.support.raw_guest import message
from tests.support.reactor import pause, reactor

T = TypeVar("T")

CHEAP = KdfCost(1 << 20, 1)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class House:
    """A server and a profile in one process, which share nothing but the loop."""

    def __init__(self, folder: Path) -> None:
        onions = folder / "onions"
        onions.mkdir()
        self.tor = LocalTor(reactor, onions)
        self.threads = RealThreads(reactor, now_ms, os.urandom, 1000)
        self.work = ProofsOfWork(reactor)
        around = Surroundings(reactor, now_ms, os.urandom, random.random, self.tor, self.work)
        live = LiveEvents(now_ms)
        self.home = Home(Vault(folder, CHEAP, os.urandom), self.threads, around, live)
        self.hosting = Hosting(ServerVault(folder, CHEAP, os.urandom), self.threads, around, live)

    async def begin(self) -> None:
        self.tor.start()
        self.profile: OpenProfile = await self.home.create("alice", "password")
        self.hosted: Hosted = await self.hosting.create(ServerSettings(autostart=True), None)
        assert self.hosted.bundle is not None
        bundle = self.hosted.bundle
        self.server = (await self.run(lambda uow: servers.add(uow, bundle))).id

    async def run(self, decide: Callable[[UnitOfWork], Outcome[T]]) -> T:
        """A decision's value, after its commit."""
        told: Deferred[T] = Deferred()

        def done(outcome: Outcome[T] | Exception) -> None:
            if isinstance(outcome, Exception):
                told.errback(outcome)
            else:
                told.callback(outcome.value)

        self.profile.run(decide, done)
        return await told

    async def seen(self, post: int) -> PostRow:
        return await self.run(lambda uow: Outcome(posts.get(uow, post)))

    async def messages(self) -> int | None:
        return (await self.hosting.stats(self.hosted.id)).messages

    def end(self) -> None:
        self.work.close()
        blockon(self.home.close())
        blockon(self.hosting.close())
        self.threads.stop()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    # Clocks that are an hour apart are not waited for; that they are drawn is tested where they are.
    monkeypatch.setattr(server_clocks, "ROTATE_LEAST", 0.3)
    monkeypatch.setattr(server_clocks, "ROTATE_MORE", 0.1)
    monkeypatch.setattr(server_clocks, "BETWEEN_SESSIONS", 0.05)
    monkeypatch.setattr(server_clocks, "POST_CLOSE_LEAST", 0.0)
    monkeypatch.setattr(server_clocks, "POST_CLOSE_MOST", 0.1)
    monkeypatch.setattr(server_clocks, "AFTER_PURCHASE", 0.01)
    made = House(tmp_path)
    yield made
    made.end()


async def eventually(test: Callable[[], Awaitable[object]], what: str) -> None:
    give_up = reactor.seconds() + 90
    while reactor.seconds() < give_up:
        if await test():
            return
        await pause(0.02)
    raise AssertionError(f"{what} was waited for in vain.")


async def test_a_post_waits_for_a_token_is_stored_once_and_believed_when_it_echoes(house: House) -> None:
    await house.begin()
    sent = message()
    queued = await house.run(lambda uow: posts.queue(uow, house.server, sent))
    assert queued.state is PostState.WAITING_TOKEN
    again = await house.run(lambda uow: posts.queue(uow, house.server, sent))
    assert again.id == queued.id

    async def echoed() -> bool:
        return (await house.seen(queued.id)).state is PostState.ECHOED

    await eventually(echoed, "the echo in two sessions")
    assert await house.messages() == 1
    row = await house.run(lambda uow: Outcome(servers.get(uow, house.server)))
    assert row.rows == 1
    assert row.faults == ()


def queue(server: int, sent: EncryptedGroupMessage, uow: UnitOfWork) -> Outcome[PostRow]:
    return posts.queue(uow, server, sent)


async def test_many_posts_are_each_stored_once(house: House) -> None:
    await house.begin()
    sent = [message() for _ in range(12)]
    numbers = [(await house.run(partial(queue, house.server, each))).id for each in sent]

    async def all_echoed() -> bool:
        return all([(await house.seen(number)).state is PostState.ECHOED for number in numbers])

    await eventually(all_echoed, "the echoes of all")
    assert await house.messages() == 12
