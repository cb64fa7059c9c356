"""The store's floors: a call's statements and nothing else, through the same engine, on one thread of its own.

In this process (`Alone`), or behind a bare socket: python -m bench.alone PATH HOME CONVERSATION RESULT
"""

import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.scratch import Scratch
from cwtchd.app.overlays import chat
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.constants import CONTEXT_RAW
from cwtchd.protocol.wire.overlay import content_hash
from cwtchd.rpc import schema as api
from cwtchd.rpc.jsonrpc import encode_result
from cwtchd.store import contacts, events, messages, outbox
from cwtchd.store.database import Database, UnitOfWork
from cwtchd.store.events import EventType
from cwtchd.store.hot import inserted
from cwtchd.store.messages import MessageState

T = TypeVar("T")

_AUTHOR = Onion("a" * 56)
# ruff: noqa: SLF001 - the very statements


class Alone:
    """A copy of the daemon's home, which nobody else opens."""

    def __init__(self, scratch: Scratch) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._database: Database = self._on_thread(scratch.open)

    def _on_thread(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result()

    def page(self, conversation: int, built: api.MessagePage) -> tuple[bytes, float]:
        """`message.list`'s statements in one transaction and its result's JSON, and the milliseconds of that; it is built already."""
        asked = len(built.messages) + 1

        def work() -> tuple[bytes, float]:
            uow = self._unit()
            began = time.perf_counter()
            self._database.begin()
            contacts._standing.run(uow, id=conversation).fetchone()
            found = messages._page.run(uow, conversation=conversation, before=messages.NO_LIMIT, limit=asked)
            rows = found.fetchall()
            self._database.commit()
            encoded = encode_result(1, built)
            taken = time.perf_counter() - began
            assert len(rows) == asked
            return encoded, taken * 1000

        return self._on_thread(work)

    def rows(self, conversation: int, text: str) -> float:
        """The milliseconds until the rows of a queued message are durable, there and back between the threads."""
        began = time.perf_counter()
        self._on_thread(lambda: self._write(conversation, text))
        return (time.perf_counter() - began) * 1000

    def _write(self, conversation: int, text: str) -> None:
        body = chat.write(text)
        now = time.time_ns() // 1_000_000
        message = {
            "conversation": conversation,
            "wire_id": str(secrets.randbits(32)),
            "context": CONTEXT_RAW,
            "body": body,
            "digest": messages.digest(CONTEXT_RAW, body),
            "overlay": 1,
            "text": text,
            "content_hash": content_hash(_AUTHOR, body),
            "outgoing": 1,
            "state": MessageState.QUEUED,
            "sent_at": now,
            "received_at": None,
            "reply_to": None,
            "error": None,
            "client_id": None,
        }
        uow = self._unit()
        self._database.begin()
        made = inserted(messages._insert.run(uow, **message))
        outbox._insert.run(uow, message=made, conversation=conversation, attempts=0)
        queued = EventType.MESSAGE_QUEUED
        events._insert.run(uow, at=now, type=queued, conversation=conversation, message=made)
        self._database.commit()

    def _unit(self) -> UnitOfWork:
        return UnitOfWork(self._database.sql, 0, secrets.token_bytes)

    def close(self) -> None:
        """Gives the file back."""
        self._on_thread(self._database.close)
        self._thread.shutdown()


def main(path: str, home: str, conversation: str, result: str) -> None:
    """The same behind a bare line server: `list` and `send` are all that it knows, and it blocks for them."""
    from bench import bare  # noqa: PLC0415 - it chooses the reactor of a process of its own

    alone = Alone(Scratch(Path(home), "", ()))
    built = msgspec.json.decode(result, type=api.MessagePage)

    def answer(line: bytes) -> bytes:
        if line == b"list":
            return alone.page(int(conversation), built)[0]
        alone.rows(int(conversation), line.decode())
        return line

    bare.serve(path, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
