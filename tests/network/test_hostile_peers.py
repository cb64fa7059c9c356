"""What a peer may send, and what it gets: real bytes over real sockets to a real daemon."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import MessageAcknowledged, MessageReceived
from cwtchd.protocol.model import Role
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.frame import encode_plain, encode_sealed
from tests.support.node import Node, Refused, nodes, until
from tests.support.raw_peer import RawPeer, someone


@pytest.fixture
def bob(tmp_path: Path) -> Iterator[Node]:
    with nodes(tmp_path, "bob") as (node,):
        yield node


@pytest.fixture
def onions(tmp_path: Path) -> Path:
    return tmp_path / "onions"


def requests(bob: Node) -> list[str]:
    return [each["address"] for each in bob("contact.list")]


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(PACKET_SIZE),
        b"\0" * PACKET_SIZE,
        b"\xff" * PACKET_SIZE,
        encode_plain(b"{}"),
        encode_plain(b"[" * 8000),
    ],
    ids=["random", "zeros", "ones", "no keys", "brackets"],
)
def test_garbage_instead_of_authentication_is_closed(bob: Node, onions: Path, garbage: bytes) -> None:
    caller = RawPeer.call(onions, bob.id)
    caller.write(garbage)
    assert caller.until_closed()
    assert requests(bob) == []


def test_a_truncated_packet_is_nothing(bob: Node, onions: Path) -> None:
    caller = RawPeer.call(onions, bob.id)
    caller.write(caller.first_packet[:-1])
    caller.close()
    RawPeer.call(onions, bob.id).authenticate().admit().close()
    assert len(requests(bob)) == 1


def test_random_bytes_after_authentication_are_closed(bob: Node, onions: Path) -> None:
    caller = RawPeer.call(onions, bob.id).authenticate().admit()
    caller.write(os.urandom(PACKET_SIZE))
    assert caller.until_closed()


def test_a_replayed_handshake_proves_nothing(bob: Node, onions: Path) -> None:
    honest = RawPeer.call(onions, bob.id).authenticate()
    until("the request is there", lambda: requests(bob))
    bob("contact.reject", conversation=bob("contact.list")[0]["id"])
    thief = RawPeer.call(onions, bob.id)
    thief.write(honest.sent)
    assert thief.until_closed()
    assert requests(bob) == []


def test_bobs_own_message_reflected_is_closed(bob: Node, onions: Path) -> None:
    mirror = RawPeer.call(onions, bob.id)
    mirror.write(mirror.stream.recv(PACKET_SIZE, socket.MSG_WAITALL))
    assert mirror.until_closed()
    assert requests(bob) == []


def test_somebody_who_answers_for_another_onion_is_closed(bob: Node, onions: Path) -> None:
    """bob calls; the one who answers has another key than the address that was dialled."""
    wanted, impostor = someone(), someone()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(onions / wanted.onion[:16]))
        listener.listen()
        listener.settimeout(10)
        bob("contact.add", address=wanted.onion, message="for your eyes only")
        stream, _ = listener.accept()
        answering = RawPeer(stream, impostor, Role.INBOUND, None)
        answering.write(answering.first_packet)
        assert answering.until_closed()
        assert b"eyes" not in b"".join(repr(event).encode() for event in answering.events)
        assert [event for event in answering.events if isinstance(event, MessageReceived)] == []
        answering.close()


def test_the_oldest_of_65_unauthenticated_connections_is_closed(bob: Node, onions: Path) -> None:
    silent = [RawPeer.call(onions, bob.id) for _ in range(64)]
    for caller in silent:
        assert caller.stream.recv(1, socket.MSG_PEEK), "each is greeted"
    one_more = RawPeer.call(onions, bob.id)
    assert one_more.stream.recv(1, socket.MSG_PEEK)
    assert len(silent[0].stream.recv(PACKET_SIZE, socket.MSG_WAITALL)) == PACKET_SIZE
    assert silent[0].stream.recv(1) == b"", "the oldest is closed"
    silent[1].authenticate()
    one_more.authenticate()


def test_a_stranger_hears_the_version_message_and_acknowledgements_and_nothing_else(
    bob: Node, onions: Path
) -> None:
    caller = RawPeer.call(onions, bob.id).authenticate().admit()
    for number in range(3):
        caller.say(f'{{"o":1,"d":"hello {number}"}}', str(number))
    acknowledged = caller.until(MessageAcknowledged, 3)
    assert [event.id for event in acknowledged if isinstance(event, MessageAcknowledged)] == ["0", "1", "2"]
    conversation = bob("contact.list")[0]
    assert (conversation["state"], conversation["unread"]) == ("pending", 3)
    with pytest.raises(Refused) as refused:
        bob.send(conversation["id"], "not before the accept")
    assert refused.value.name == "not_accepted"
    assert not any(isinstance(event, MessageReceived) for event in caller.events)
    bob("contact.accept", conversation=conversation["id"])
    bob.send(conversation["id"], "now")
    caller.until(MessageReceived, 1)


def test_a_stranger_past_its_bound_is_closed_and_closed_again_after_authentication(
    bob: Node, onions: Path
) -> None:
    who = someone()
    caller = RawPeer.call(onions, bob.id, who).authenticate().admit()
    for number in range(25):
        caller.say('{"o":1,"d":"hello"}', str(number))
    assert caller.until_closed()
    acknowledged = [event.id for event in caller.events if isinstance(event, MessageAcknowledged)]
    assert acknowledged == [str(number) for number in range(20)]
    again = RawPeer.call(onions, bob.id, who).authenticate()
    assert again.until_closed()
    assert not any(isinstance(event, MessageAcknowledged) for event in again.events)
    conversation = bob("contact.list")[0]["id"]
    bob("contact.accept", conversation=conversation)
    accepted = RawPeer.call(onions, bob.id, who).authenticate().admit()
    for number in range(20, 25):
        accepted.say('{"o":1,"d":"hello"}', str(number))
    accepted.until(MessageAcknowledged, 5)
    assert len(bob.messages(conversation)) == 25


def test_the_33rd_strangers_connection_is_closed(bob: Node, onions: Path) -> None:
    callers = [RawPeer.call(onions, bob.id).authenticate().admit() for _ in range(32)]
    assert RawPeer.call(onions, bob.id).authenticate().until_closed()
    callers[0].close()
    until("there is room again", lambda: _admitted(onions, bob.id))
    for caller in callers:
        caller.close()


def _admitted(onions: Path, onion: str) -> bool:
    caller = RawPeer.call(onions, onion).authenticate()
    caller.stream.settimeout(0.5)
    closed = caller.until_closed()
    caller.close()
    return not closed


def test_one_peer_holds_no_more_than_four_connections_and_the_oldest_gives_way(
    bob: Node, onions: Path
) -> None:
    who = someone()
    callers = [RawPeer.call(onions, bob.id, who).authenticate().admit() for _ in range(6)]
    assert callers[0].until_closed()
    assert callers[1].until_closed()
    callers[2].say('{"o":1,"d":"hello"}')
    callers[2].until(MessageAcknowledged, 1)


def test_strangers_who_fill_the_door_do_not_end_our_own_calls(bob: Node, onions: Path) -> None:
    wanted = someone()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(onions / wanted.onion[:16]))
        listener.listen()
        listener.settimeout(10)
        conversation = bob("contact.add", address=wanted.onion, message="hello")["id"]
        stream, _ = listener.accept()
        crowd = [RawPeer.call(onions, bob.id) for _ in range(100)]
        until("the first of the crowd are closed", lambda: _is_closed(crowd[0]))
        answering = RawPeer(stream, wanted, Role.INBOUND, None).authenticate().admit()
        answering.until(MessageReceived, 1)
        assert bob("contact.get", conversation=conversation)["connection"]["state"] == "authenticated"


def _is_closed(caller: RawPeer) -> bool:
    caller.stream.setblocking(False)
    try:
        while caller.stream.recv(PACKET_SIZE):
            pass
    except BlockingIOError:
        return False
    return True


def test_a_message_tried_again_right_behind_a_new_one_is_sent(bob: Node, onions: Path) -> None:
    who = someone()
    conversation = bob("contact.add", address=who.onion)["id"]
    failed = bob.send(conversation, "x" * 7000)["id"]
    old = RawPeer.call(onions, bob.id, who).authenticate()
    old.connection.admit()  # built, and never sent: a peer that knows no versions
    old.say('{"o":1,"d":"I speak version 1"}')
    until("it failed", lambda: bob("message.get", message=failed)["state"] == "failed")
    old.close()
    new = RawPeer.call(onions, bob.id, who).authenticate().admit()
    caller = bob.caller()
    for number in range(5):
        caller.send("message.send", profile=bob.id, conversation=conversation, text=f"{number}")
    caller.send("message.retry", profile=bob.id, message=failed)
    caller.send("message.send", profile=bob.id, conversation=conversation, text="last")
    received = new.until(MessageReceived, 7)
    assert any(b"xxx" in event.data for event in received if isinstance(event, MessageReceived))
    caller.close()


def test_a_blocked_peer_learns_nothing_beyond_the_handshake(bob: Node, onions: Path) -> None:
    who = someone()
    caller = RawPeer.call(onions, bob.id, who).authenticate().admit()
    bob("contact.block", conversation=bob("contact.list")[0]["id"])
    assert caller.until_closed(), "its connection ends"
    again = RawPeer.call(onions, bob.id, who).authenticate()
    assert again.until_closed()
    assert len(again.events) == 1, "not even the version message"


def test_what_can_not_be_read_is_dropped_and_the_connection_kept(bob: Node, onions: Path) -> None:
    caller = RawPeer.call(onions, bob.id).authenticate().admit()
    key = caller.connection._session_key()
    for unreadable in (
        b"no bars",
        b"{",
        b"a b|c|d",
        b"1||x",
        b"1" * 257 + b"1||x",
        b"[" * 8000,
    ):
        caller.write(encode_sealed(key, unreadable, os.urandom(24)))
    caller.say('{"o":1,"d":"still here"}')
    caller.until(MessageAcknowledged, 1)


def test_a_version_1_peer_gets_short_messages_and_a_long_one_fails(bob: Node, onions: Path) -> None:
    who = identity_from_seed(bytes(32))
    conversation = bob("contact.add", address=who.onion)["id"]
    long = bob.send(conversation, "x" * 7000)["id"]
    short = bob.send(conversation, "short")["id"]
    caller = RawPeer.call(onions, bob.id, who).authenticate()
    caller.connection.admit()  # built, and never sent: a peer that knows no versions
    caller.say('{"o":1,"d":"I speak version 1"}')
    received = caller.until(MessageReceived, 1)
    assert isinstance(received[0], MessageReceived)
    assert b"short" in received[0].data
    until("the long one failed", lambda: bob("message.get", message=long)["state"] == "failed")
    assert bob("message.get", message=long)["error"] == "message_too_large"
    assert bob("message.get", message=short)["state"] == "sent"
    about = [event for event in bob.events() if event["type"].startswith("message.")]
    types = [event["type"] for event in about if event["data"]["id"] == long]
    assert types == ["message.queued", "message.failed"]


def test_a_peer_that_does_not_read_costs_no_memory(bob: Node, onions: Path) -> None:
    caller = RawPeer.call(onions, bob.id).authenticate().admit()
    until("the request is there", lambda: requests(bob))
    bob("contact.accept", conversation=bob("contact.list")[0]["id"])
    before = _resident(bob.pid)
    caller.stream.settimeout(1)
    end = time.monotonic() + 5
    sent = 0
    try:
        while time.monotonic() < end:
            caller.say('{"o":1,"d":"again"}')
            sent += 1
    except TimeoutError:
        pass
    assert sent < 5_000, "it was not held back"
    assert _resident(bob.pid) - before < 40 << 20


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) << 10
