"""What a guest of a hosted server may send, and what it gets, while an honest guest beside it notices nothing. Real bytes, real sockets."""

import base64
import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cwtchd.protocol.connection import TokenClient
from cwtchd.protocol.crypto import proof_of_work
from cwtchd.protocol.events import WorkNeeded
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, SpentToken
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.frame import encode_plain
from cwtchd.runtime.board_guests import POSTS_REFUSED
from cwtchd.server.board import CIPHERTEXT_MOST
from tests.support.disk import small_disk
from tests.support.node import Node, nodes, until
from tests.support.process_size import memory
from tests.support.raw_guest import Board, RawGuest, bundle_of, message, tokens

GROWTH = 64 << 20
"""What a daemon may grow by while it is flooded: far less than what is thrown at it."""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Node]:
    with nodes(tmp_path, "host") as (node,):
        yield node


@pytest.fixture
def onions(tmp_path: Path) -> Path:
    return tmp_path / "onions"


@pytest.fixture
def hosted(host: Node) -> dict[str, Any]:
    made: dict[str, Any] = host.call("hosting.create", autostart=True)
    return made


@pytest.fixture
def bundle(hosted: dict[str, Any]) -> KeyBundle:
    return bundle_of(hosted)


def raw(onions: Path, onion: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.setblocking(False)
    until("it is let in", lambda: _connected(stream, onions / onion[:16]))
    stream.settimeout(20)
    return stream


def _connected(stream: socket.socket, path: Path) -> bool:
    """Where many knock at once the system asks to try again."""
    try:
        stream.connect(str(path))
    except BlockingIOError:
        return False
    return True


def closed(stream: socket.socket) -> bool:
    """Whether the server ends it; what it says before that is thrown away."""
    with stream, contextlib.suppress(ConnectionError):
        while stream.recv(1 << 18):
            pass
    return True


def served(onions: Path, bundle: KeyBundle) -> None:
    """An honest guest is served: it buys, posts and has its post replayed."""
    guest = Board(onions, bundle)
    posted = message()
    assert guest.post(posted, tokens(onions, bundle, 1)[0])
    assert posted in guest.replay()
    guest.close()


@pytest.mark.parametrize(
    "garbage",
    [os.urandom(PACKET_SIZE), b"\0" * PACKET_SIZE, encode_plain(b"{}"), encode_plain(b"[" * 8000)],
    ids=["random", "zeros", "an empty object", "brackets"],
)
def test_garbage_is_closed_by_both_onions(onions: Path, bundle: KeyBundle, garbage: bytes) -> None:
    for onion in (bundle.server, bundle.token_service):
        stream = raw(onions, onion)
        stream.sendall(garbage)
        assert closed(stream)
    served(onions, bundle)


@pytest.mark.parametrize(
    "said",
    [
        b"no json",
        b'{"MessageType":0}',
        b'{"MessageType":2}',
        b'{"MessageType":2,"PostRequest":{}}',
        b'{"MessageType":0,"ReplayRequest":[]}',
        b"[" * 4000,
        b'{"MessageType":1e400}',
    ],
)
def test_an_envelope_that_is_none_costs_its_sender_the_connection_or_nothing(
    onions: Path, bundle: KeyBundle, said: bytes
) -> None:
    guest = Board(onions, bundle)
    guest.write(guest.connection._sealed([said]))
    if said.endswith(b"{}}"):  # a post of nothing is a post: refused
        guest.stream.recv(1)
    else:
        assert guest.until_closed()
    served(onions, bundle)


def test_an_unknown_type_is_passed_over(onions: Path, bundle: KeyBundle) -> None:
    guest = Board(onions, bundle)
    guest.write(guest.connection._sealed([b'{"MessageType":17240,"X":"ogBlaGVsbG8BAA=="}']))
    assert guest.replay() == []


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_length_is_refused_and_costs_no_token(
    onions: Path, bundle: KeyBundle, size: int
) -> None:
    guest = Board(onions, bundle)
    (token,) = tokens(onions, bundle, 1)
    assert not guest.post(EncryptedGroupMessage(os.urandom(100), os.urandom(size)), token)
    assert guest.post(message(), token)


def test_the_largest_message_passes_and_the_shortest_is_refused(onions: Path, bundle: KeyBundle) -> None:
    guest = Board(onions, bundle)
    wallet = tokens(onions, bundle, 2)
    largest = message(size=CIPHERTEXT_MOST)
    assert guest.post(largest, wallet[0])
    assert not guest.post(EncryptedGroupMessage(os.urandom(39), os.urandom(64)), wallet[1])
    assert guest.replay() == [largest]


def test_who_posts_with_tokens_that_are_none_is_parted_with(onions: Path, bundle: KeyBundle) -> None:
    honest = Board(onions, bundle)
    assert honest.replay() == []
    flood = Board(onions, bundle)
    for number in range(POSTS_REFUSED):
        assert not flood.post(message(), SpentToken(os.urandom(32), os.urandom(64))), number
    assert flood.until_closed()
    posted = message()
    assert Board(onions, bundle).post(posted, tokens(onions, bundle, 1)[0])
    honest.until(lambda: honest.live == [posted], "what is new, and nothing else")


def points(*encoded: bytes) -> bytes:
    return json.dumps([{"P": base64.b64encode(each).decode()} for each in encoded]).encode()


@pytest.mark.parametrize(
    "asked",
    [
        points(),
        points(bytes(32)),
        points(b"\xff" * 32),
        points(b"\1" + bytes(31)),
        points(*[bytes(32)] * 140),
        b"null",
        b"{}",
        b"[[]]",
    ],
    ids=["none", "identity", "not canonical", "no point", "140", "null", "object", "nested"],
)
def test_a_batch_that_is_none_is_closed(
    host: Node, onions: Path, hosted: dict[str, Any], bundle: KeyBundle, asked: bytes
) -> None:
    guest = RawGuest(onions / bundle.token_service[:16], TokenClient(bundle.token_key, 1, os.urandom))
    guest.until(lambda: guest.of(WorkNeeded), "the work")
    needed = guest.of(WorkNeeded)[0]
    solution = next(
        found
        for tried in range(0, 1 << 24, 10_000)
        if (found := proof_of_work.solve(needed.prng_seed, needed.challenge, tried, 10_000)) is not None
    )
    guest.write(encode_plain(solution) + encode_plain(asked))
    assert guest.until_closed()
    assert host.call("hosting.stats", id=hosted["id"])["tokens_signed"] == 0


def test_work_that_was_not_done_is_closed(onions: Path, bundle: KeyBundle) -> None:
    stream = raw(onions, bundle.token_service)
    stream.recv(PACKET_SIZE)
    stream.sendall(encode_plain(os.urandom(32)))
    assert closed(stream)


def test_many_that_sit_keep_nobody_out(host: Node, onions: Path, bundle: KeyBundle) -> None:
    before = memory(host.pid)
    sitting = [raw(onions, onion) for onion in (bundle.server, bundle.token_service) for _ in range(500)]
    served(onions, bundle)
    assert memory(host.pid) - before < GROWTH
    for stream in sitting:
        stream.close()
    served(onions, bundle)


def test_who_never_reads_a_long_replay_holds_little_and_hinders_nobody(
    host: Node, onions: Path, bundle: KeyBundle
) -> None:
    author = Board(onions, bundle)
    wallet = [token for _ in range(12) for token in tokens(onions, bundle, 32)]
    for token in wallet:
        assert author.post(message(), token)
    before = memory(host.pid)
    lazy = [Board(onions, bundle) for _ in range(40)]
    for guest in lazy:
        guest.write(guest.connection.request_replay(None))
    honest = Board(onions, bundle)
    assert len(honest.replay()) == len(wallet)
    served(onions, bundle)
    assert memory(host.pid) - before < GROWTH  # 40 replays are 120 MB


def test_a_full_disk_costs_a_connection_and_no_token(tmp_path: Path) -> None:
    with small_disk(tmp_path, "8m") as disk, nodes(disk, "host") as (host,):
        onions = disk / "onions"
        bundle = bundle_of(host.call("hosting.create", autostart=True))
        (spare,) = tokens(onions, bundle, 1)
        stored = 0
        filler = disk / "filler"
        guest = Board(onions, bundle)
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 12))
        wallet = tokens(onions, bundle, 32)
        refusals = 0
        for token in wallet:
            try:
                stored += guest.post(message(), token)
            except (AssertionError, OSError):
                refusals += 1
                guest = Board(onions, bundle)
        assert refusals > 0
        filler.unlink()
        until("it stores again", lambda: _posts(onions, bundle, spare))
        assert len(Board(onions, bundle).replay()) == stored + 1


def _posts(onions: Path, bundle: KeyBundle, token: Any) -> bool:
    try:
        return Board(onions, bundle).post(message(), token)
    except (AssertionError, OSError):
        return False
