"""Connections between a server's board and its guests (wire-server §3).

What can't be read ends the connection, on either side; what has a type that is unknown, or not for this side, is ignored, as real ones
do. A guest is a new identity each time: who it proved to be says nothing, and no decision may rest on it.
"""

from collections.abc import Callable, Iterable

from automat import NoTransition

from cwtchd.protocol.connection.authenticated import AuthenticatedConnection
from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.events import Event, PostReceived, ReplayRequested
from cwtchd.protocol.machines.token_board import BoardState, GuestState, build_board, build_guest
from cwtchd.protocol.model import EncryptedGroupMessage, Identity, Onion, Role, SpentToken
from cwtchd.protocol.wire.token_board import (
    NewMessage,
    PostRequest,
    PostResult,
    ReplayRequest,
    ReplayResult,
    Row,
    decode_answer,
    decode_request,
)


class BoardServer(AuthenticatedConnection):
    """The board's end. A guest may post before any replay, and ask for one at any time: whether it is granted is the owner's to decide."""

    def __init__(self, identity: Identity, randomness: Callable[[int], bytes]) -> None:
        super().__init__(Role.INBOUND, identity, None, randomness)
        self._board = build_board(BoardState())

    def replay_begins(self, count: int) -> bytes:
        """Announces so many rows. Raises LocalProtocolError while others are still owed."""
        return self._say("One replay ends before another begins.", self._board.announce, count)

    def replayed(self, messages: Iterable[EncryptedGroupMessage]) -> bytes:
        """The next rows. Raises LocalProtocolError for more than were announced."""
        return self._say("Rows are sent within a replay.", self._board.send_rows, messages)

    def synced(self) -> None:
        """The replay is over, and what is new is told from now on. Raises LocalProtocolError where rows are owed."""
        try:
            self._board.end_replay()
        except NoTransition:
            raise LocalProtocolError("A guest is synced by a replay.") from None

    def new_message(self, encoded: bytes) -> bytes:
        """Tells of a message, which `wire.token_board.encode_new_message` made once for all. Raises LocalProtocolError before `synced`."""
        return self._say("Only who is synced is told of what is new.", self._board.tell, encoded)

    def post_result(self, success: bool) -> bytes:
        """Answers the oldest post that was not answered."""
        self._check_authenticated()
        return self._sealed(self._board.answer(success))

    def _receive_message(self, data: bytes) -> tuple[Event, ...]:
        match decode_request(data):
            case ReplayRequest(last_commit):
                return (ReplayRequested(last_commit),)
            case PostRequest(message, token):
                return (PostReceived(message, token),)
            case None:
                return ()


class BoardClient(AuthenticatedConnection):
    """A guest's end, as an identity that was made for it."""

    def __init__(self, identity: Identity, server: Onion, randomness: Callable[[int], bytes]) -> None:
        super().__init__(Role.OUTBOUND, identity, server, randomness)
        self._guest_state = GuestState()
        self._guest = build_guest(self._guest_state)

    def request_replay(self, last_commit: bytes | None) -> bytes:
        """Asks for everything from the message of this signature on, None for all there is.

        Raises LocalProtocolError before authentication, and while a replay is under way.
        """
        return self._say("One replay ends before another is asked for.", self._guest.ask, last_commit)

    def post(self, message: EncryptedGroupMessage, token: SpentToken) -> bytes:
        """Posts a message. Raises MessageTooLarge, and LocalProtocolError before authentication."""
        self._check_authenticated()
        return self._sealed(self._guest.post(message, token))

    def _receive_message(self, data: bytes) -> tuple[Event, ...]:
        match decode_answer(data):
            case Row(message):
                last = self._guest_state.owed == 1
                return self._guest.got_last_row(message) if last else self._guest.got_row(message)
            case NewMessage(message):
                return self._guest.got_new(message)
            case PostResult(success):
                return self._guest.got_answer(success)
            case ReplayResult(count):
                return self._guest.got_count(count) if count else self._guest.got_nothing()
            case None:
                return ()
