"""Guests of a hosted server that do as the test says: real bytes over real sockets to its two onions of a LocalTor.

The core's own client connections speak; what a hostile guest would send is written past them.
"""

import contextlib
import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cwtchd.protocol.connection import BoardClient, TokenClient
from cwtchd.protocol.crypto import privacypass, proof_of_work
from cwtchd.protocol.events import (
    Authenticated,
    ConnectionFailed,
    Event,
    PostAnswered,
    ReplayEnded,
    ReplayStarted,
    RowReceived,
    TokensBought,
    WorkNeeded,
)
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, SpentToken, Token
from cwtchd.protocol.wire.bundle import decode_bundle
from cwtchd.protocol.wire.token_board import spending_data
from tests.support.raw_peer import someone

PATIENCE = 20.0

opened: list["RawGuest"] = []
"""Every connection of the running test, ended with it (tests/network/conftest.py)."""


def message(text: bytes = b"", size: int = 2709) -> EncryptedGroupMessage:
    """What a server can't tell from a group's message; two never have the same bytes."""
    ciphertext = os.urandom(24) + (text + os.urandom(size))[: size - 24]
    return EncryptedGroupMessage(ciphertext, os.urandom(64))


class RawGuest:
    """One connection to one of a server's onions."""

    def __init__(self, path: Path, connection: Any) -> None:
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.settimeout(PATIENCE)
        try:
            self.stream.connect(str(path))
        except OSError:
            self.stream.close()
            raise
        self.connection = connection
        self.events: list[Event] = []
        opened.append(self)
        self.write(connection.start())

    def write(self, data: bytes) -> None:
        if data:
            self.stream.sendall(data)

    def read(self) -> bool:
        """Takes in what comes next; False where the server has closed."""
        try:
            data = self.stream.recv(1 << 18)
        except ConnectionError:
            return False
        if not data:
            return False
        self.events += self.connection.receive_data(data)
        self.write(self.connection.data_to_send())
        return True

    def until(self, test: Callable[[], object], what: str) -> None:
        while not test():
            assert self.read(), f"closed before {what}"
            assert not self.of(ConnectionFailed), self.of(ConnectionFailed)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def until_closed(self) -> bool:
        """Whether the server closes; what it says before that is kept."""
        try:
            while self.read():
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.close()


class Board(RawGuest):
    """A guest of the board, authenticated as somebody new."""

    def __init__(self, onions: Path, bundle: KeyBundle) -> None:
        super().__init__(onions / bundle.server[:16], BoardClient(someone(), bundle.server, os.urandom))
        self._bundle = bundle
        self.until(lambda: self.of(Authenticated), "authentication")

    def replay(self, last_commit: bytes | None = None) -> list[EncryptedGroupMessage]:
        """Asks for what there is since that signature, to the end."""
        ended = len(self.of(ReplayEnded))
        had = len(self.of(RowReceived))
        self.write(self.connection.request_replay(last_commit))
        self.until(lambda: len(self.of(ReplayEnded)) > ended, "the end of a replay")
        rows = [row.message for row in self.of(RowReceived)[had:] if not row.live]
        assert len(rows) == self.of(ReplayStarted)[-1].count
        return rows

    def post(self, posted: EncryptedGroupMessage, token: Token | SpentToken) -> bool:
        """Posts a message, and hears whether that was a success."""
        if isinstance(token, Token):
            token = privacypass.spend(token, spending_data(posted, self._bundle.server))
        answers = len(self.of(PostAnswered))
        self.write(self.connection.post(posted, token))
        self.until(lambda: len(self.of(PostAnswered)) > answers, "an answer")
        return bool(self.of(PostAnswered)[-1].success)

    @property
    def live(self) -> list[EncryptedGroupMessage]:
        return [row.message for row in self.of(RowReceived) if row.live]


def tokens(onions: Path, bundle: KeyBundle, amount: int = 10) -> list[Token]:
    """Does the work, and has a batch."""
    guest = RawGuest(onions / bundle.token_service[:16], TokenClient(bundle.token_key, amount, os.urandom))
    guest.until(lambda: guest.of(WorkNeeded), "the work")
    needed = guest.of(WorkNeeded)[0]
    solution = next(
        found
        for tried in itertools.count(0, 10_000)
        if (found := proof_of_work.solve(needed.prng_seed, needed.challenge, tried, 10_000)) is not None
    )
    guest.write(guest.connection.solved(solution))
    guest.until(lambda: guest.of(TokensBought), "tokens")
    guest.close()
    return list(guest.of(TokensBought)[0].tokens)


def bundle_of(hosted: dict[str, Any]) -> KeyBundle:
    """The bundle of what `hosting.*` returned."""
    return decode_bundle(hosted["bundle"])
