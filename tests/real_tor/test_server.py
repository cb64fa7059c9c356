"""A hosted server over real onion services: three guests buy tokens, post and replay; the server is killed and nothing is lost or doubled."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_twisted import blockon
from twisted.internet.threads import deferToThread

from cwtchd.config import Config, TorChoice
from cwtchd.protocol.connection import BoardClient, TokenClient
from cwtchd.protocol.crypto import privacypass, proof_of_work
from cwtchd.protocol.events import (
    Authenticated,
    Event,
    PostAnswered,
    ReplayEnded,
    RowReceived,
    TokensBought,
    WorkNeeded,
)
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, Onion, Token
from cwtchd.protocol.wire.token_board import spending_data
from cwtchd.runtime.dialling import DialBudget
from cwtchd.runtime.onion_call import OnionCall
from cwtchd.tor.interface import TorState
from cwtchd.tor.service import TorService
from tests.support.node import Node
from tests.support.raw_guest import bundle_of, message
from tests.support.raw_peer import someone
from tests.support.reactor import pause, reactor, until

PATIENCE = 60.0


class TorGuest:
    """One call to one of a server's onions, on a circuit of its own."""

    def __init__(self, tor: TorService, onion: Onion, connection: Any) -> None:
        self.events: list[Event] = []
        self.ended = False
        self.call: OnionCall[Any] = OnionCall(reactor, tor, DialBudget(), self, connection)
        self.call.begin(onion, os.urandom(16).hex())

    def heard(self, events: Sequence[Event]) -> None:
        self.events += events

    def over(self) -> None:
        self.ended = True

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, test: Callable[[], object], what: str) -> None:
        await until(lambda: test() or self.ended, PATIENCE, what)
        assert test(), f"it ended before {what}: {self.call.failure}"


class House:
    """The guests' tor, and what they do with it."""

    def __init__(self, tor: TorService) -> None:
        self.tor = tor

    async def board(self, bundle: KeyBundle) -> TorGuest:
        """An authenticated guest; tried again while the onion is not to be found."""
        for _ in range(60):
            guest = TorGuest(self.tor, bundle.server, BoardClient(someone(), bundle.server, os.urandom))
            await until(lambda guest=guest: guest.of(Authenticated) or guest.ended, PATIENCE, "a guest")  # type: ignore[misc]
            if guest.of(Authenticated):
                return guest
            await pause(0.5)
        raise AssertionError("The board was never reached.")

    async def tokens(self, bundle: KeyBundle) -> list[Token]:
        guest = TorGuest(self.tor, bundle.token_service, TokenClient(bundle.token_key, 10, os.urandom))
        await guest.until(lambda: guest.of(WorkNeeded), "the work")
        work = guest.of(WorkNeeded)[0]
        guest.call.write(guest.call.connection.solved(await deferToThread(_solve, work)))
        await guest.until(lambda: guest.of(TokensBought), "tokens")
        guest.call.give_up()
        return list(guest.of(TokensBought)[0].tokens)


def _solve(work: WorkNeeded) -> bytes:
    tries = (
        proof_of_work.solve(work.prng_seed, work.challenge, tried, 10_000)
        for tried in itertools.count(0, 10_000)
    )
    return next(found for found in tries if found is not None)


async def replay(guest: TorGuest) -> list[EncryptedGroupMessage]:
    guest.call.write(guest.call.connection.request_replay(None))
    await guest.until(lambda: guest.of(ReplayEnded), "the end of a replay")
    return [row.message for row in guest.of(RowReceived) if not row.live]


async def post(guest: TorGuest, bundle: KeyBundle, posted: EncryptedGroupMessage, token: Token) -> bool:
    answers = len(guest.of(PostAnswered))
    spent = privacypass.spend(token, spending_data(posted, bundle.server))
    guest.call.write(guest.call.connection.post(posted, spent))
    await guest.until(lambda: len(guest.of(PostAnswered)) > answers, "an answer")
    return bool(guest.of(PostAnswered)[-1].success)


@pytest.fixture
def house(private_network: Path, tmp_path: Path) -> Iterator[House]:
    home = tmp_path / "guests"
    home.mkdir()
    config = Config(home, home / "socket", TorChoice(network=private_network))
    tor = TorService(reactor, config, lambda: int(time.time() * 1000))
    tor.start()
    yield House(tor)
    blockon(tor.stop())


@pytest.fixture
def host(private_network: Path, tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path, "host", f"network:{private_network}")
    try:
        node.start()
        yield node
    finally:
        node.end()


async def test_three_guests_and_a_kill(house: House, host: Node) -> None:
    made = host.call("hosting.create", autostart=True, onion_pow=True)
    bundle = bundle_of(made)
    await until(lambda: house.tor.status.state is TorState.READY, PATIENCE, "the guests' Tor")
    await until(lambda: host.call("hosting.list")[0]["published_since"], PATIENCE, "both onions")
    one, two, three = [await house.board(bundle) for _ in range(3)]
    wallet = await house.tokens(bundle)
    assert await replay(one) == await replay(two) == []
    kept = [message() for _ in range(4)]
    for each in kept:
        assert await post(three, bundle, each, wallet.pop())
    for guest in (one, two):
        await guest.until(lambda guest=guest: len(guest.of(RowReceived)) == 4, "what is new")  # type: ignore[misc]
        assert [row.message for row in guest.of(RowReceived)] == kept
    spent = wallet.pop()
    assert await post(three, bundle, kept[0], spent)
    host.kill()
    host.start()
    again = await house.board(bundle)
    assert await replay(again) == kept
    assert not await post(again, bundle, message(), spent)
    kept.append(message())
    assert await post(again, bundle, kept[-1], wallet.pop())
    late = await house.board(bundle)
    assert await replay(late) == kept
    for guest in (one, two, three, again, late):
        guest.call.give_up()
