"""Posts: what one costs, from the decision to the disk, over an insertion of the same bytes; then many guests at once.

One at a time is the real decision on a real Ledger, on which `HostedServer` puts it: one post a commit. Queued at once they share commits,
as those of a busy server do. The floors are the same table with the same indexes, in a file of its own with the same settings of
SQLite; that and the token's row; and a table that is nothing but bytes.
"""

import queue
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench.processes import Stream
from bench.servers_home import INSERT_ROW, Hosted, columns, posts
from bench.table import Row, quotient
from cwtchd.app.effects import Outcome
from cwtchd.protocol.crypto.primitives import random_bytes
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.runtime.ledger import ThreadLedger
from cwtchd.server.board import Posted, post
from cwtchd.server.keys import ServerKeys
from cwtchd.store.board import open_board
from cwtchd.store.database import UnitOfWork, driver_of
from tests.support.raw_guest import Board

ROUNDS = 15
ALONE = 200
GUESTS = 8
EACH = 50

Paid = tuple[EncryptedGroupMessage, SpentToken]


class Desk:
    """A board's Ledger without its onions; what it says comes back on the thread that asks."""

    def __init__(self, path: Path, keys: ServerKeys) -> None:
        self._keys = keys
        self._loop: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._said: list[object] = []
        self._ledger = ThreadLedger(
            self._loop.put,
            lambda: open_board(path, make=True),
            self._said.append,
            lambda database: UnitOfWork(database.sql, time.time_ns() // 1_000_000, random_bytes),
            lambda: None,
        )
        assert self._next() is None

    def _next(self) -> object:
        while not self._said:
            self._loop.get()()
        return self._said.pop()

    def rate(self, paid: Sequence[Paid], *, at_once: int) -> float:
        """Posts a second, so many of them queued together, and durable before the next are."""
        began = time.perf_counter()
        for first in range(0, len(paid), at_once):
            asked = paid[first : first + at_once]
            for each in asked:
                self._ledger.submit(partial(self._post, *each), self._said.append)
            for _ in asked:
                outcome = self._next()
                assert isinstance(outcome, Outcome)
                assert isinstance(outcome.value, Posted)
                assert outcome.value.row is not None
        return len(paid) / (time.perf_counter() - began)

    def _post(self, message: EncryptedGroupMessage, token: SpentToken, uow: UnitOfWork) -> Outcome[object]:
        return Outcome(post(uow, self._keys.token_key, self._keys.board.onion, message, token))

    def close(self) -> None:
        """Gives the file back."""
        self._ledger.close(lambda: self._said.append(None))
        self._next()


class Floor:
    """A board's file with nothing around it."""

    def __init__(self, path: Path, *statements: str) -> None:
        self._database = open_board(path, make=True)
        self._driver = driver_of(self._database.sql)
        self._driver.execute("CREATE TABLE plain (data BLOB NOT NULL)")
        self._statements = statements

    def rate(self, rows: Sequence[Sequence[Sequence[object]]]) -> float:
        """Transactions a second, with what each statement takes in each."""
        began = time.perf_counter()
        for given in rows:
            self._database.begin()
            for statement, values in zip(self._statements, given, strict=True):
                self._driver.execute(statement, values)
            self._database.commit()
        return len(rows) / (time.perf_counter() - began)

    def close(self) -> None:
        """Gives the file back."""
        self._database.close()


class Crowd:
    """Guests of a running server who post at once, each as fast as it is let."""

    def __init__(self, server: Hosted, api: Stream) -> None:
        self._server, self._api = server, api
        self._guests = [server.guest() for _ in range(GUESTS)]

    def rate(self) -> float:
        """Posts a second, from the first until all are answered. What is sent is sealed beforehand."""
        before = self._server.messages(self._api)
        said = [
            (guest, b"".join(guest.connection.post(*paid) for paid in posts(self._server.keys, EACH)))
            for guest in self._guests
        ]
        senders = [threading.Thread(target=guest.write, args=(data,), daemon=True) for guest, data in said]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        with selectors.DefaultSelector() as waiting:
            for guest in self._guests:
                waiting.register(guest.stream, selectors.EVENT_READ, guest)
            awaited = GUESTS * EACH * PACKET_SIZE
            while awaited:
                for key, _ in waiting.select():
                    awaited -= _length_of_next(key.data)
        taken = time.perf_counter() - began
        for sender in senders:
            sender.join()
        assert self._server.messages(self._api) == before + GUESTS * EACH
        return GUESTS * EACH / taken

    def close(self) -> None:
        """Ends the guests."""
        for guest in self._guests:
            guest.close()


def _length_of_next(guest: Board) -> int:
    data = guest.stream.recv(1 << 18)
    if not data:
        raise ConnectionError
    return len(data)


def measured(folder: Path, server: Hosted, api: Stream) -> list[Row]:
    """All in turns. Each has a file of its own, and each round messages that none has had."""
    desk, busy = (Desk(folder / f"{name}.db", server.keys) for name in ("desk", "busy"))
    table = Floor(folder / "table.db", INSERT_ROW)
    both = Floor(folder / "both.db", INSERT_ROW, "INSERT INTO spent_tokens (secret) VALUES (?)")
    plain = Floor(folder / "plain.db", "INSERT INTO plain (data) VALUES (?)")
    crowd = Crowd(server, api)
    found: dict[str, list[float]] = {name: [] for name in ("table", "one", "both", "many", "plain", "crowd")}
    for _ in range(ROUNDS):
        paid = posts(server.keys, ALONE)
        rows = [(*columns(message), 0, 0) for message, _ in paid]
        found["table"].append(table.rate([(row,) for row in rows]))
        found["one"].append(desk.rate(paid, at_once=1))
        found["both"].append(
            both.rate([(row, (token.secret,)) for row, (_, token) in zip(rows, paid, strict=True)])
        )
        found["many"].append(busy.rate(paid, at_once=ALONE))
        found["plain"].append(plain.rate([((each.signature + each.ciphertext,),) for each, _ in paid]))
        found["crowd"].append(crowd.rate())
    for closing in (desk, busy, table, both, plain, crowd):
        closing.close()
    name, floor = (
        "posts stored durably, one a commit",
        ("a row of the same table, one a commit", found["table"]),
    )
    rows_of_a_post = "both rows of a post, one post a commit"
    return [
        quotient(
            f"posts of {GUESTS} guests at once, over sockets", found["crowd"], floor, unit="/s", least=0.5
        ),
        quotient(name, found["one"], floor, unit="/s"),
        quotient(name, found["one"], (rows_of_a_post, found["both"]), unit="/s"),
        quotient(name, found["one"], ("a row of a plain table, one a commit", found["plain"]), unit="/s"),
        quotient(f"posts stored durably, {ALONE} queued at once", found["many"], floor, unit="/s"),
    ]
