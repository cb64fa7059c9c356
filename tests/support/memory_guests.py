"""Guests of a hosted server on an in-memory Tor: nothing moves but what the test moves, the clock is the test's."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock

from cwtchd.app.errors import StorageFailed
from cwtchd.protocol.connection import BoardClient, TokenClient
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import ConnectionFailed, Event
from cwtchd.protocol.model import EncryptedGroupMessage, Identity, SpentToken
from cwtchd.runtime.board_guests import BoardGuests
from cwtchd.runtime.guests import Guests
from cwtchd.runtime.token_guests import TokenGuests
from cwtchd.server.keys import ServerKeys
from cwtchd.store import board
from cwtchd.store.database import UnitOfWork
from tests.support.hosted_board import BoardDesk, message
from tests.support.memory_tor import MemoryNetwork, MemoryTor
from tests.support.memory_transport import MemoryTransport
from tests.support.minting import minted, paid

T = TypeVar("T")


class Stream(Protocol):
    """A guest's end: what came, and whether it is over."""

    def __init__(self) -> None:
        self.came = bytearray()
        self.ended = False

    def dataReceived(self, data: bytes) -> None:
        self.came += data

    def connectionLost(self, reason: object = None) -> None:
        self.ended = True


class Calls:
    """Somebody who calls onions of the network, and speaks or doesn't."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.here = MemoryTor(self.network, self.clock)
        self.outside = MemoryTor(self.network, self.clock)
        self.here.go_online()
        self.outside.go_online()

    def publish(self, identity: Identity, guests: Guests[Any, Any]) -> None:
        self.here.publish(identity, guests.listening())

    def call(self, identity: Identity) -> Stream:
        """An open stream, on which nothing was said by the one who called."""
        dial: Deferred[IProtocol] = self.outside.dial(identity.onion, "x", Factory.forProtocol(Stream))
        got: list[IProtocol] = []
        dial.addCallback(got.append)
        self.network.flush()
        return cast("Stream", got[0])

    def wait(self, seconds: float) -> None:
        """Lets time pass, a second at a time."""
        whole, rest = divmod(seconds, 1)
        for step in [1.0] * int(whole) + [rest]:
            self.clock.advance(step)
            self.network.flush()


class Speaker:
    """A guest that speaks over such a stream; it takes in what came only where the test says so."""

    def __init__(self, calls: Calls, identity: Identity, connection: Any) -> None:
        self.calls = calls
        self.connection = connection
        self.events: list[Event] = []
        self.stream = calls.call(identity)
        self.write(connection.start())
        self.take()

    @property
    def transport(self) -> MemoryTransport:
        return cast("MemoryTransport", self.stream.transport)

    @property
    def ended(self) -> bool:
        return self.stream.ended

    def write(self, data: bytes) -> None:
        if data:
            self.transport.write(data)
            self.calls.network.flush()

    def take(self) -> None:
        """Takes in what came."""
        came, self.stream.came = bytes(self.stream.came), bytearray()
        self.events += self.connection.receive_data(came)
        assert not self.of(ConnectionFailed)
        self.write(self.connection.data_to_send())
        if self.stream.came:
            self.take()

    def stop_reading(self) -> None:
        self.transport.pauseProducing()

    def read_on(self) -> None:
        self.transport.resumeProducing()
        self.calls.network.flush()
        self.take()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class House(Calls):
    """A server's board and token service. Units wait while `slow`, and fail while `broken`."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.keys = ServerKeys.new(os.urandom)
        self.desk = BoardDesk(folder)
        self.slow = False
        self.broken = False
        self.waiting: deque[Callable[[], None]] = deque()
        self.chance = 0.0
        self.tokens = TokenGuests(self.clock, lambda: self.chance, os.urandom, self.keys.token_key)
        self.publish(self.keys.tokens, self.tokens)
        self.wallet = minted(self.keys, 40)

    def open_board(self) -> BoardGuests:
        """The board's guests, who begin with what the rows are now."""
        newest = self.desk.run(lambda uow: board.ends(uow)[1])
        self.board = BoardGuests(
            self.clock, lambda: self.chance, os.urandom, self.keys, newest, self.run_unit
        )
        self.publish(self.keys.board, self.board)
        return self.board

    def fill(self, rows: int, size: int = 5_000) -> list[EncryptedGroupMessage]:
        """So many rows, behind those that are there."""
        made = [message(number, size=size) for number in range(1, rows + 1)]
        self.desk.run(lambda uow: [board.add(uow, each) for each in made])
        return made

    def run_unit(self, unit: Callable[[UnitOfWork], T], done: Callable[[T | Exception], None]) -> None:
        def run() -> None:
            done(StorageFailed() if self.broken else self.desk.run(unit))

        if self.slow:
            self.waiting.append(run)
        else:
            self.network.later(run)

    def work_off(self) -> None:
        """Runs what waits."""
        while self.waiting:
            self.waiting.popleft()()
        self.network.flush()

    def paid(self, posted: EncryptedGroupMessage) -> SpentToken:
        """A token of this server, bound to the message."""
        return paid(self.keys, posted, self.wallet.pop())

    def guest(self) -> Speaker:
        """An authenticated guest of the board."""
        who = identity_from_seed(os.urandom(32))
        return Speaker(self, self.keys.board, BoardClient(who, self.keys.board.onion, os.urandom))

    def buyer(self, amount: int = 10) -> Speaker:
        """A guest of the token service, which has heard what work is asked of it."""
        return Speaker(self, self.keys.tokens, TokenClient(self.keys.token_key.public, amount, os.urandom))
