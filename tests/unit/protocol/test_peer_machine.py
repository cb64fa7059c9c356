"""Peer: versions, contexts and what becomes of each, without packets."""

import pytest
from automat import NoTransition

from cwtchd.protocol.events import Event, MessageAcknowledged, MessageIgnored, MessageReceived, VersionSettled
from cwtchd.protocol.machines.peer import Peer, PeerState, build_peer
from cwtchd.protocol.model import Overlay, PeerMessage, PeerVersion
from cwtchd.protocol.wire.constants import acknowledgement, version_message
from cwtchd.protocol.wire.overlay import encode_overlay
from tests.support.pair import chat

CHAT = chat("7", b'{"o":1,"d":"hi"}')
VERSION = b'{"ID":"im.cwtch.version","Context":"im.cwtch.getVal","Data":"Ag=="}'


def opened() -> Peer:
    peer = build_peer(PeerState())
    peer.admit()
    return peer


def settled() -> Peer:
    peer = opened()
    peer.got_message(version_message())
    return peer


def received(message: PeerMessage) -> Event:
    return MessageReceived(message.id, message.context, message.data)


def test_admitting_says_the_version_in_version_1() -> None:
    assert build_peer(PeerState()).admit() == (VERSION,)


def test_the_version_is_said_in_version_1_by_whoever_has_switched_already() -> None:
    peer = build_peer(PeerState())
    assert peer.got_message(version_message()) == (VersionSettled(PeerVersion.V2),)
    assert peer.admit() == (VERSION,)
    assert peer.send(CHAT) == (b'7|im.cwtch.raw|{"o":1,"d":"hi"}',)


def test_before_they_say_their_version_we_write_version_1() -> None:
    assert opened().send(CHAT) == (b'{"ID":"7","Context":"im.cwtch.raw","Data":"eyJvIjoxLCJkIjoiaGkifQ=="}',)


def test_the_first_message_that_is_no_version_settles_version_1_once() -> None:
    peer = opened()
    assert peer.got_message(CHAT) == (VersionSettled(PeerVersion.V1), received(CHAT))
    assert peer.got_message(CHAT) == (received(CHAT),)


def test_a_late_version_message_still_switches() -> None:
    peer = opened()
    peer.got_message(CHAT)
    assert peer.got_message(version_message()) == (VersionSettled(PeerVersion.V2),)
    assert peer.got_message(CHAT) == (received(CHAT),)


def test_a_second_version_message_changes_nothing() -> None:
    peer = settled()
    assert [type(event) for event in peer.got_message(version_message())] == [MessageIgnored]
    assert peer.send(CHAT)[0].startswith(b"7|")


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x03", b"\x02\x00", b"2"])
def test_another_version_is_ignored_and_settles_nothing(data: bytes) -> None:
    peer = opened()
    events = peer.got_message(PeerMessage("im.cwtch.version", "im.cwtch.getVal", data))
    assert [type(event) for event in events] == [MessageIgnored]
    assert peer.send(CHAT)[0].startswith(b"{")
    assert peer.got_message(CHAT)[0] == VersionSettled(PeerVersion.V1)


@pytest.mark.parametrize("context", ["im.cwtch.raw", "im.cwtch.chat", "org.example.new"])
@pytest.mark.parametrize("data", [b'{"o":1,"d":"hi"}', b"", b"no wrapper", b"\xff\x00"])
def test_chat_and_unknown_contexts_are_received_whatever_they_say(context: str, data: bytes) -> None:
    message = PeerMessage("7", context, data)
    assert settled().got_message(message) == (received(message),)


def test_acknowledgements() -> None:
    assert settled().got_message(acknowledgement("7")) == (MessageAcknowledged("7"),)


@pytest.mark.parametrize(
    "context",
    [
        "im.cwtch.getVal",
        "im.cwtch.retVal",
        "im.cwtch.invite",
        "im.cwtch.file.request.manifest",
        "im.cwtch.file.send.manifest",
        "im.cwtch.file.request.chunk",
        "im.cwtch.file.send.chunk",
    ],
)
def test_what_is_not_spoken_yet_is_ignored_and_never_chat(context: str) -> None:
    (event,) = settled().got_message(PeerMessage("7", context, b'{"o":1,"d":"secret"}'))
    assert isinstance(event, MessageIgnored)
    assert "secret" not in event.reason


@pytest.mark.parametrize(
    ("kind", "stream"), [(7, False), (1023, False), (1024, False), (1026, False), (1031, True), (1039, True)]
)
def test_only_overlays_of_the_stream_channel_are_dropped(kind: int, stream: bool) -> None:
    (event,) = settled().got_message(chat("7", encode_overlay(Overlay(kind, "hi")).encode()))
    assert isinstance(event, MessageIgnored if stream else MessageReceived)


def test_whoever_is_not_admitted_is_heard() -> None:
    peer = build_peer(PeerState())
    assert peer.got_message(CHAT) == (VersionSettled(PeerVersion.V1), received(CHAT))


def test_nothing_of_ours_goes_out_before_it_is_admitted_nor_twice() -> None:
    with pytest.raises(NoTransition):
        build_peer(PeerState()).send(CHAT)
    with pytest.raises(NoTransition):
        opened().admit()
