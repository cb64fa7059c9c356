"""Word to whoever supervises the process (sd_notify(3)): ready, how things stand, alive, stopping. Nothing where nobody asked.

Rules: "alive" is said by the loop itself, so that a loop that is stuck falls silent. Nothing here ever waits: what the supervisor's
socket does not take now is said later, newest word only. No name and no address is ever in it.
"""

import os
import socket
from collections.abc import Callable, MutableMapping

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall

from cwtchd.tor.interface import TorStatus

MOST_BEAT_SECONDS = 5.0
"""How old what is told may be."""
AGAIN_SECONDS = 0.5


class Supervisor:
    """The supervisor's notify socket; without an `address` there is nobody to talk to."""

    def __init__(self, clock: IReactorTime, address: str | None, watchdog_seconds: float | None) -> None:
        self._clock = clock
        self._address = address
        self._watchdog_seconds = watchdog_seconds
        self._unsaid: dict[str, str] = {}
        self._asked: Callable[[], str] | None = None
        self._status = ""
        self._again: IDelayedCall | None = None
        self._beat: LoopingCall | None = None
        self._socket = None
        if address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @classmethod
    def of(cls, clock: IReactorTime, environment: MutableMapping[str, str]) -> "Supervisor":
        """The one that the environment names; its variables are taken out, so that no child speaks in our name."""
        address = environment.pop("NOTIFY_SOCKET", "")
        microseconds = environment.pop("WATCHDOG_USEC", "")
        meant = environment.pop("WATCHDOG_PID", "") in ("", str(os.getpid()))
        watched = meant and microseconds.isdecimal() and int(microseconds) > 0
        return cls(
            clock,
            "\0" + address[1:] if address[:1] == "@" else address if address[:1] == "/" else None,
            int(microseconds) / 1_000_000 if watched else None,
        )

    def ready(self, status: Callable[[], str]) -> None:
        """The API answers. From now on `status` is asked for a sentence at each beat."""
        if self._socket is None:
            return
        self._asked = status
        self._say(READY="1")
        half = MOST_BEAT_SECONDS if self._watchdog_seconds is None else self._watchdog_seconds / 2
        self._beat = LoopingCall(self._alive)
        self._beat.clock = self._clock
        self._beat.start(min(MOST_BEAT_SECONDS, half))

    def tell(self) -> None:
        """Something changed: says the sentence, where it is another."""
        if self._asked is not None and (said := self._asked()) != self._status:
            self._status = said
            self._say(STATUS=said)

    def stopping(self) -> None:
        """The daemon ends in order; the beat goes on till it is over."""
        self._asked = None
        self._say(STOPPING="1", STATUS="The daemon is stopping.")

    def close(self) -> None:
        """Says nothing more."""
        if self._beat is not None and self._beat.running:
            self._beat.stop()
        if self._again is not None and self._again.active():
            self._again.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _alive(self) -> None:
        if self._watchdog_seconds is not None:
            self._say(WATCHDOG="1")
        self.tell()

    def _say(self, **words: str) -> None:
        self._unsaid.update(words)
        if self._socket is None or self._address is None:
            return
        told = "\n".join(f"{word}={value}" for word, value in self._unsaid.items())
        try:
            self._socket.sendto(told.encode(), socket.MSG_NOSIGNAL, self._address)
        except BlockingIOError:
            if self._again is None or not self._again.active():
                self._again = self._clock.callLater(AGAIN_SECONDS, self._say)
            return
        except OSError:
            pass  # nobody is there to hear it, and nothing is to stop for that
        self._unsaid.clear()


def standing(
    tor: TorStatus, opened: int, online: int, servers: int, waiting: int, useless: int, *, only_serves: bool
) -> str:
    """How the daemon stands, in a line: Tor, profiles, servers, and the passwords that were put there for the start."""
    told = [tor.summary]
    if not only_serves:
        told.append(f"Profiles open: {opened}, online: {online}.")
    if servers or only_serves:
        told.append(f"Servers running: {servers}.")
    if waiting:
        told.append("A password of the start is still being tried.")
    if useless:
        told.append(f"Passwords of the start that opened nothing: {useless}; the log says why.")
    elif only_serves and not servers and not waiting:
        told.append("`cwtch hosting start` runs one.")
    elif not only_serves and not opened and not waiting:
        told.append("`cwtch profile unlock` opens one.")
    return " ".join(told)
