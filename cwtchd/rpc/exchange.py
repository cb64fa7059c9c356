"""One connection's calls and answers, whatever carries them: lines of a socket, frames of a WebSocket.

Rules: calls begin in the order in which they came, at most 64 at once; one that shows a token holds up those behind it; a caller that
does not read is not read from. Subscriptions hang on the connection and end with it.
"""

from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import Protocol

from cwtchd.rpc import jsonrpc
from cwtchd.rpc.access import Caller, Grant
from cwtchd.rpc.dispatch import dispatch, weight
from cwtchd.rpc.methods.registry import Begun, Session
from cwtchd.rpc.notify import ConnectionSubscriptions, LiveEvents
from cwtchd.rpc.ports import DaemonPort

VALUE_BYTES = 1 << 20
"""The contract's line: no value of JSON that comes or goes is longer."""
CALLS_UNDER_WAY = 64
"""So many calls of one caller run at once; one whose answer may fill a whole line counts for many (`dispatch.weight`)."""
READ_BYTES_OF_HTTP = 1 << 14
"""Frames and chunks may be a byte each, and each takes the loop's time: so little is read at once."""
EVENTS_UNREAD_BYTES = 1 << 16
"""Once so much waits for a caller, its subscriptions wait in the log: a reader that stalls costs no memory."""
ANSWERS_UNREAD_BYTES = 1 << 20
"""Once so much more waits, its calls aren't heard: a client may write a thousand before it reads the first answer."""


class Carrier(Protocol):
    """What carries the values of one connection."""

    def carry(self, value: bytes) -> None:
        """Sends one value; may choke the exchange before it returns."""

    def flush(self) -> None:
        """Lets what was sent leave at once, where it can."""

    def hear(self, hearing: bool) -> None:
        """Whether more is to be read."""

    def part(self) -> None:
        """Ends the connection once what was sent has left."""

    def drop(self) -> None:
        """Ends the connection now, whatever waits to be sent."""


class _Gone:
    """A carrier that is there no more: nothing holds on to the real one, nor to what it could not send."""

    def carry(self, value: bytes) -> None:
        """Sends nothing."""

    def flush(self) -> None:
        """Has nothing that could leave."""

    def hear(self, hearing: bool) -> None:
        """Hears nothing."""

    def part(self) -> None:
        """Has parted already."""

    def drop(self) -> None:
        """Likewise."""


class Exchange:
    """One connection."""

    def __init__(self, daemon: DaemonPort, live: LiveEvents, grant: Grant | None, carrier: Carrier) -> None:
        self._daemon = daemon
        self._carrier: Carrier = carrier
        self.caller = Caller(grant)
        self._values: deque[bytes] = deque()
        self._under_way = 0
        self.stalled = False
        """the caller does not read what was sent"""
        self._unread = 0
        self._ended = False
        self._deaf = False
        self._working = False
        self._last_came = False
        self._subscriptions = ConnectionSubscriptions(daemon, live, self)

    def take(self, values: Iterable[bytes]) -> None:
        """Values came. What waits is bounded by what one read brings, since reading stops meanwhile."""
        if not self._last_came:
            self._values.extend(values)
        self._work()

    def take_last(self) -> None:
        """The caller writes no more: once it has its answers, the connection ends."""
        self._last_came = True
        self._work()

    def refuse(self, fault: jsonrpc.Fault) -> None:
        """Answers what can't even be taken."""
        self._carrier.carry(jsonrpc.encode_fault(None, fault))

    def choke(self, choked: bool) -> None:
        """The caller stalled, or reads on."""
        if choked == self.stalled:
            return  # a transport says it again at each write
        self.stalled, self._unread = choked, 0
        self._subscriptions.choke(choked)
        self._work()

    def hang_up(self) -> None:
        """Ends the connection once what was written has left; nothing more is heard, and nothing more is told."""
        self._deafen()
        self._subscriptions.close()
        self._carrier.part()

    def cut(self) -> None:
        """Ends the connection now: whoever is at its other end may hear nothing more."""
        self._deafen()
        self._subscriptions.close()
        self._carrier.drop()

    def finish(self) -> None:
        """Hears nothing more, answers what is under way, then ends the connection."""
        self._values.clear()
        self._subscriptions.close()
        self.take_last()

    def close(self) -> None:
        """The connection is gone."""
        self._deafen()
        self._carrier = _Gone()
        self._subscriptions.close()

    def write(self, line: bytes) -> None:
        """Sends an event."""
        self._carrier.carry(line)

    def now(self) -> int:
        """The daemon's clock, milliseconds since the epoch."""
        return self._daemon.now

    def _deafen(self) -> None:
        self._ended = True
        self._values.clear()

    @property
    def _choked(self) -> bool:
        return self._ended or (self.stalled and self._unread > ANSWERS_UNREAD_BYTES)

    def _work(self) -> None:
        """Begins the calls that have room."""
        if self._working:
            return  # an answer that came at once: the loop below goes on by itself
        self._working = True
        while (
            self._values
            and self._under_way < CALLS_UNDER_WAY
            and not self._choked
            and not self.caller.deciding
        ):
            value = self._values.popleft().strip()
            if value:
                asked = jsonrpc.decode_line(value)
                weighs = weight(asked)
                self._under_way += weighs
                session = Session(self._daemon, self.caller, self._subscriptions, [])
                dispatch(session, asked, partial(self._answer, session.begun, weighs))
        self._working = False
        self._steer()
        if self._last_came and not self._values and not self._under_way:
            self.hang_up()

    def _answer(self, begun: Begun, weighed: int, answer: bytes | None) -> None:
        self._under_way -= weighed
        if answer is not None:
            self._unread += len(answer)
            self._carrier.carry(answer)
        for begin in begun:
            begin()
        if not self._working:
            self._carrier.flush()
        if self._deaf or self._last_came:
            self._work()

    def _steer(self) -> None:
        deaf = bool(self._values) or self._choked
        if deaf != self._deaf:
            self._deaf = deaf
            self._carrier.hear(not deaf)
