"""Peer: carry messages once the auth machine is done (wire-peer §4).

Goal: what is to be stored comes out as `MessageReceived`, what was stored as `MessageAcknowledged`, and nothing of ours goes out
before `admit`. Both sides say which version they speak; whoever hears it switches, both ways. Left out: attributes and files, which
are ignored and never taken for chat.
"""

from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.events import Event, MessageAcknowledged, MessageIgnored, MessageReceived, VersionSettled
from cwtchd.protocol.model import PeerMessage, PeerVersion
from cwtchd.protocol.wire import constants
from cwtchd.protocol.wire.overlay import decode_overlay
from cwtchd.protocol.wire.peer import encode_peer_message

Sends = tuple[bytes, ...]
"""Messages for sealed packets."""


class Peer(Protocol):
    """What can happen to a conversation of two peers."""

    def admit(self) -> Sends:
        """A decision let the other side talk"""

    def send(self, message: PeerMessage) -> Sends:
        """A message of ours is to go out"""

    def got_message(self, message: PeerMessage) -> tuple[Event, ...]:
        """One message of theirs, decoded and bounded by wire/peer"""


@dataclass(slots=True)
class PeerState:
    """How this connection frames messages, and whether that can still change."""

    version: PeerVersion = PeerVersion.V1
    settled: bool = False


_builder = TypeMachineBuilder(Peer, PeerState)
waiting = _builder.state("waiting")
"""the other side is authenticated, and nobody has decided about it: it is heard, nothing is said"""
open_ = _builder.state("open")
"""both sides may talk"""


@waiting.upon(Peer.admit).to(open_)
def _say_version(peer: Peer, state: PeerState) -> Sends:
    # Always version 1, so that whoever knows only that one can read and ignore it (wire-peer §4.2).
    return (encode_peer_message(PeerVersion.V1, constants.version_message()),)


@open_.upon(Peer.send).loop()
def _encode(peer: Peer, state: PeerState, message: PeerMessage) -> Sends:
    return (encode_peer_message(state.version, message),)


def _take(peer: Peer, state: PeerState, message: PeerMessage) -> tuple[Event, ...]:
    if message.id == constants.VERSION_ID:
        return _switch(state, message)
    settled = () if state.settled else (VersionSettled(state.version),)
    state.settled = True
    return (*settled, _event_of(message))


waiting.upon(Peer.got_message).loop()(_take)
open_.upon(Peer.got_message).loop()(_take)


def _switch(state: PeerState, message: PeerMessage) -> tuple[Event, ...]:
    if message.data != bytes([constants.VERSION_2]) or state.version is PeerVersion.V2:
        return (MessageIgnored("a version message that changes nothing"),)
    state.version = PeerVersion.V2
    state.settled = True
    return (VersionSettled(PeerVersion.V2),)


def _event_of(message: PeerMessage) -> Event:
    match message.context:
        case constants.CONTEXT_ACKNOWLEDGEMENT:
            return MessageAcknowledged(message.id)
        case constants.CONTEXT_GET_VALUE | constants.CONTEXT_RETURN_VALUE:
            return MessageIgnored("a question or an answer about a profile's attributes")
        case constants.CONTEXT_INVITE:
            return MessageIgnored("a legacy group invite")
        case context if context.startswith(constants.CONTEXT_PREFIX_FILE):
            return MessageIgnored("a message of file transfer")
        case context:
            # Real Cwtch takes an unknown context for chat, and stores and acknowledges it (wire-peer §4.3).
            if _is_stream(message.data):
                return MessageIgnored("a stream message, which is neither stored nor acknowledged")
            return MessageReceived(message.id, context, message.data)


def _is_stream(data: bytes) -> bool:
    overlay = decode_overlay(data)
    return (
        overlay is not None
        and overlay.kind > constants.STREAM_OVERLAYS_ABOVE
        and overlay.kind & constants.STREAM_CHANNEL_MASK == constants.STREAM_CHANNEL
    )


build_peer = _builder.build()
