"""Servers that lie, and the profile that catches and names them: real bytes over real sockets to a real daemon."""

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cwtchd.app.server_sync import REPEATS_ALLOWED
from cwtchd.protocol.connection import BoardServer, TokenServer
from cwtchd.protocol.crypto.primitives import sign
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.events import BatchSigned, Event, ReplayRequested
from cwtchd.protocol.server_table import ROWS_MOST
from cwtchd.protocol.wire.bundle import encode_bundle, signed_text
from cwtchd.protocol.wire.frame import decode_plain, encode_plain
from cwtchd.protocol.wire.token_board import encode_new_message
from cwtchd.server.keys import ServerKeys
from tests.support.node import Node, nodes, refused, until
from tests.support.raw_guest import message

Answer = Callable[[Any, Event, bytes], bytes]
"""What is said instead of what an honest one says, on this connection, because of this event."""


class Liar:
    """A server in threads of the test, whose board and token service answer as the test says."""

    def __init__(
        self, onions: Path, board: Answer, tokens: Answer, signs_with: TokenKey | None = None
    ) -> None:
        self.keys = ServerKeys.new(os.urandom)
        self._board, self._tokens = board, tokens
        self._key = signs_with or self.keys.token_key
        self._listeners = [
            self._listen(onions / self.keys.board.onion[:16], self._board_connection, board),
            self._listen(onions / self.keys.tokens.onion[:16], self._token_connection, tokens),
        ]

    @property
    def bundle(self) -> str:
        return encode_bundle(self.keys.bundle())

    def other_bundle(self) -> str:
        """Another one, rightly signed, with another key of the tokens."""
        other = replace(self.keys.bundle(), token_key=TokenKey.new(os.urandom).public)
        return encode_bundle(replace(other, signature=sign(self.keys.board.seed, signed_text(other))))

    def _board_connection(self) -> BoardServer:
        return BoardServer(self.keys.board, os.urandom)

    def _token_connection(self) -> TokenServer:
        return TokenServer(self._key, os.urandom(32), os.urandom)

    def _listen(self, path: Path, connect: Callable[[], Any], answer: Answer) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=self._accept, args=(listener, connect, answer), daemon=True).start()
        return listener

    def _accept(self, listener: socket.socket, connect: Callable[[], Any], answer: Answer) -> None:
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream, connect(), answer), daemon=True).start()

    def _serve(self, stream: socket.socket, connection: Any, answer: Answer) -> None:
        with stream, contextlib.suppress(OSError):
            stream.sendall(connection.start())
            while data := stream.recv(1 << 16):
                events = connection.receive_data(data)
                told = connection.data_to_send()
                for event in events:
                    told = answer(connection, event, told)
                stream.sendall(told)

    def close(self) -> None:
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def honest(connection: Any, event: Event, told: bytes) -> bytes:
    """A token service as it should be."""
    return told


def empty(connection: BoardServer, event: Event, told: bytes) -> bytes:
    """A board as it should be, without rows."""
    if isinstance(event, ReplayRequested):
        told += connection.replay_begins(0)
        connection.synced()
    return told


def endless(connection: BoardServer, event: Event, told: bytes) -> bytes:
    return told + connection.replay_begins(ROWS_MOST + 1) if isinstance(event, ReplayRequested) else told


def repeating(connection: BoardServer, event: Event, told: bytes) -> bytes:
    told = empty(connection, event, told)
    if isinstance(event, ReplayRequested):
        again = encode_new_message(message())
        told += b"".join(connection.new_message(again) for _ in range(REPEATS_ALLOWED + 200))
    return told


def malformed(connection: BoardServer, event: Event, told: bytes) -> bytes:
    return os.urandom(8192) if isinstance(event, ReplayRequested) else told


def one_token_less(connection: TokenServer, event: Event, told: bytes) -> bytes:
    if not isinstance(event, BatchSigned):
        return told
    batch = json.loads(decode_plain(told))
    batch["st"].pop()
    return encode_plain(json.dumps(batch, separators=(",", ":")).encode())


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Node]:
    with nodes(tmp_path, "alice") as (node,):
        yield node


@pytest.fixture
def onions(tmp_path: Path) -> Path:
    return tmp_path / "onions"


def caught(alice: Node, fault: str) -> None:
    until(f"alice names it: {fault}", lambda: fault in alice("server.list")[0]["faults"])


@pytest.mark.parametrize(
    ("board", "fault"), [(endless, "endless"), (repeating, "repeats"), (malformed, "malformed")]
)
def test_a_board_that_lies_is_named(alice: Node, onions: Path, board: Answer, fault: str) -> None:
    liar = Liar(onions, board, honest)
    alice("server.add", bundle=liar.bundle)
    caught(alice, fault)
    liar.close()


def test_a_batch_signed_with_another_key_is_named_and_nothing_of_it_is_kept(
    alice: Node, onions: Path
) -> None:
    liar = Liar(onions, empty, honest, signs_with=TokenKey.new(os.urandom))
    alice("server.add", bundle=liar.bundle)
    caught(alice, "lied_proof")
    assert alice("server.list")[0]["tokens"] == 0
    liar.close()


def test_a_batch_that_is_short_is_named(alice: Node, onions: Path) -> None:
    liar = Liar(onions, empty, one_token_less)
    alice("server.add", bundle=liar.bundle)
    caught(alice, "short_count")
    assert alice("server.list")[0]["tokens"] == 0
    liar.close()


def test_a_second_bundle_with_other_keys_ends_the_trust(alice: Node, onions: Path) -> None:
    liar = Liar(onions, empty, honest)
    added = alice("server.add", bundle=liar.bundle)
    error = refused("invalid_bundle", alice, "server.add", bundle=liar.other_bundle())
    assert error.data["changed"] == "privacy_pass_public_key"
    found = alice("server.get", server=added["id"])
    assert (found["distrusted"], found["faults"]) == (True, ["other_keys"])
    assert found["bundle"] == liar.bundle
    liar.close()
