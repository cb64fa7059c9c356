"""Token board: replays, posts and what is new, after authentication (wire-server §3).

Goal: a board sends just as many rows as it announced, and what is new only to who has had a replay; a guest tells rows from what is live
between them, and notices a board that sends what it did not announce, or answers what was not asked. A guest may post at any time, and
ask for a replay again; when that is granted is not decided here. Left out: which rows there are, and whether a token is good.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from automat import TypeMachineBuilder

from cwtchd.protocol.errors import LocalProtocolError, RemoteProtocolError
from cwtchd.protocol.events import Event, PostAnswered, ReplayEnded, ReplayStarted, RowReceived
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.protocol.wire.token_board import (
    encode_group_message,
    encode_post_request,
    encode_post_result,
    encode_replay_request,
    encode_replay_result,
)

Sends = tuple[bytes, ...]
"""Messages for sealed packets."""


@dataclass(slots=True)
class BoardState:
    """How many rows of the replay under way are still to be sent, or to come."""

    owed: int = 0


class Board(Protocol):
    """What can happen to our board, seen from one guest."""

    def announce(self, count: int) -> Sends:
        """A replay begins"""

    def send_rows(self, messages: Iterable[EncryptedGroupMessage]) -> Sends:
        """The next rows of the replay are read"""

    def end_replay(self) -> None:
        """The guest has all that was announced"""

    def tell(self, encoded: bytes) -> Sends:
        """A message is new, encoded by wire/token_board"""

    def answer(self, success: bool) -> Sends:
        """A post of the guest was decided"""


_board = TypeMachineBuilder(Board, BoardState)
unsynced = _board.state("unsynced")
"""the guest has had no replay"""
replaying = _board.state("replaying")
"""rows are announced"""
synced = _board.state("synced")
"""the guest is told of what is new"""


def _announce(board: Board, state: BoardState, count: int) -> Sends:
    state.owed = count
    return (encode_replay_result(count),)


unsynced.upon(Board.announce).to(replaying)(_announce)
synced.upon(Board.announce).to(replaying)(_announce)


@replaying.upon(Board.send_rows).loop()
def _send_rows(board: Board, state: BoardState, messages: Iterable[EncryptedGroupMessage]) -> Sends:
    rows = tuple(encode_group_message(message) for message in messages)
    if len(rows) > state.owed:
        raise LocalProtocolError("A replay has no more rows than were announced.")
    state.owed -= len(rows)
    return rows


@replaying.upon(Board.end_replay).to(synced)
def _end_replay(board: Board, state: BoardState) -> None:
    if state.owed:
        raise LocalProtocolError("A replay has as many rows as were announced.")


@synced.upon(Board.tell).loop()
def _tell(board: Board, state: BoardState, encoded: bytes) -> Sends:
    return (encoded,)


def _answer(board: Board, state: BoardState, success: bool) -> Sends:
    return (encode_post_result(success),)


for _state in (unsynced, replaying, synced):
    _state.upon(Board.answer).loop()(_answer)

build_board = _board.build()


@dataclass(slots=True)
class GuestState:
    """How many rows of the replay under way are still to come, and how many posts were not answered."""

    owed: int = 0
    unanswered: int = 0


class Guest(Protocol):
    """What can happen to us as a board's guest. Which row is the last is told by `GuestState.owed`."""

    def ask(self, last_commit: bytes | None) -> Sends:
        """A replay is wanted"""

    def post(self, message: EncryptedGroupMessage, token: SpentToken) -> Sends:
        """A message is to be posted"""

    def got_count(self, count: int) -> tuple[Event, ...]:
        """The board announces so many rows, one or more"""

    def got_nothing(self) -> tuple[Event, ...]:
        """The board announces no rows"""

    def got_row(self, message: EncryptedGroupMessage) -> tuple[Event, ...]:
        """A row comes, and others are owed behind it"""

    def got_last_row(self, message: EncryptedGroupMessage) -> tuple[Event, ...]:
        """The last row that is owed comes"""

    def got_new(self, message: EncryptedGroupMessage) -> tuple[Event, ...]:
        """The board tells of a new message"""

    def got_answer(self, success: bool) -> tuple[Event, ...]:
        """The board answers a post"""


_guest = TypeMachineBuilder(Guest, GuestState)
quiet = _guest.state("quiet")
"""no replay is under way"""
asking = _guest.state("asking")
"""a replay is asked for"""
reading = _guest.state("reading")
"""rows are announced"""


@quiet.upon(Guest.ask).to(asking)
def _ask(guest: Guest, state: GuestState, last_commit: bytes | None) -> Sends:
    return (encode_replay_request(last_commit),)


@asking.upon(Guest.got_count).to(reading)
def _start(guest: Guest, state: GuestState, count: int) -> tuple[Event, ...]:
    state.owed = count
    return (ReplayStarted(count),)


@asking.upon(Guest.got_nothing).to(quiet)
def _start_and_end(guest: Guest, state: GuestState) -> tuple[Event, ...]:
    return (ReplayStarted(0), ReplayEnded())


@reading.upon(Guest.got_row).loop()
def _take_row(guest: Guest, state: GuestState, message: EncryptedGroupMessage) -> tuple[Event, ...]:
    state.owed -= 1
    return (RowReceived(message, live=False),)


@reading.upon(Guest.got_last_row).to(quiet)
def _take_last_row(guest: Guest, state: GuestState, message: EncryptedGroupMessage) -> tuple[Event, ...]:
    state.owed = 0
    return (RowReceived(message, live=False), ReplayEnded())


def _post(guest: Guest, state: GuestState, message: EncryptedGroupMessage, token: SpentToken) -> Sends:
    encoded = encode_post_request(message, token)
    state.unanswered += 1
    return (encoded,)


def _take_new(guest: Guest, state: GuestState, message: EncryptedGroupMessage) -> tuple[Event, ...]:
    return (RowReceived(message, live=True),)


def _take_answer(guest: Guest, state: GuestState, success: bool) -> tuple[Event, ...]:
    if not state.unanswered:
        raise RemoteProtocolError("The server answered a post that it was not sent.")
    state.unanswered -= 1
    return (PostAnswered(success),)


def _refuse_row(guest: Guest, state: GuestState, message: EncryptedGroupMessage) -> tuple[Event, ...]:
    raise RemoteProtocolError("The server sent a row that it had not announced.")


def _refuse_count(guest: Guest, state: GuestState, count: int) -> tuple[Event, ...]:
    raise RemoteProtocolError("The server announced rows that it was not asked for.")


def _refuse_nothing(guest: Guest, state: GuestState) -> tuple[Event, ...]:
    raise RemoteProtocolError("The server announced rows that it was not asked for.")


for _each in (quiet, asking):
    _each.upon(Guest.got_row).loop()(_refuse_row)
for _each in (quiet, reading):
    _each.upon(Guest.got_count).loop()(_refuse_count)
    _each.upon(Guest.got_nothing).loop()(_refuse_nothing)
for _each in (quiet, asking, reading):
    _each.upon(Guest.post).loop()(_post)
    _each.upon(Guest.got_new).loop()(_take_new)
    _each.upon(Guest.got_answer).loop()(_take_answer)

build_guest = _guest.build()
