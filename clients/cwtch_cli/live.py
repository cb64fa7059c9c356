"""Live: what is typed and what is heard, taken one at a time, till the end of what is typed."""

import os
import queue
import sys
import threading
from dataclasses import dataclass

from cwtch_cli.connect import Invocation
from cwtch_cli.errors import DONE, FAILED, REFUSED
from cwtch_cli.follow import Away, Back, Broken, Follower, Heard, Told, passes
from cwtch_cli.screen import Screen, fitting_screen
from cwtch_cli.talk import Talk
from cwtch_client import ClientError, Conversation, CursorExpired

_LOOK_SECONDS = 0.5
_MOST_WAITING = 1000
_READ_BYTES = 1 << 16
_HELP = (
    "/info says how the contact is connected, /quit or ^D ends, //text sends /text.",
    "Enter sends; what is pasted is one message, with its line ends. Up and down bring back what you wrote.",
    "A message is (queued) till the other side has stored it; then `#id delivered` tells so.",
)
_WHY_NOT = {
    "pending": "This is a request: `cwtch contact accept` lets you write to each other, `cwtch contact reject` deletes it.",
    "blocked": "This contact is blocked: `cwtch contact unblock` lets you write to each other.",
}


def talk(invocation: Invocation, found: Conversation, lines: int) -> int:
    """Talks till the end, beginning with so many lines of what was said; returns the exit status."""
    screen = fitting_screen(invocation.output, plain=invocation.json)
    if screen.interactive and found.state != "accepted":
        screen.notice(_WHY_NOT.get(found.state, ""))
    with screen:
        spoken = Talk(invocation, found, screen)
        _Loop(invocation, spoken, screen, lines).run()
    if screen.interactive and (left := spoken.undelivered):
        screen.notice(f"{left} not delivered yet: the daemon goes on trying.")
    if spoken.waiting:
        screen.notice(f"{len(spoken.waiting)} not sent: the daemon was away.")
        return FAILED
    return REFUSED if spoken.refused and not screen.interactive else DONE


@dataclass(frozen=True)
class _Read:
    """What was read from standard input; nothing at its end."""

    data: bytes


class _Loop:
    """Takes what is typed and what is heard, one at a time."""

    def __init__(self, invocation: Invocation, talk: Talk, screen: Screen, lines: int) -> None:
        self._invocation = invocation
        self._talk = talk
        self._screen = screen
        self._lines = lines
        self._taken: queue.Queue[Heard | _Read] = queue.Queue(100)
        self._may_read = threading.Semaphore(1)
        self._reading = True
        self._ended = False
        self._lost_place = False
        self._follower = self._followed()

    def run(self) -> None:
        """Till the end of what is typed."""
        threading.Thread(target=self._read, daemon=True).start()
        try:
            while not self._ended or (self._talk.waiting and not self._screen.interactive):
                # Whoever writes faster than the daemon takes is not read from meanwhile.
                if not self._reading and len(self._talk.waiting) < _MOST_WAITING:
                    self._reading = True
                    self._may_read.release()
                if self._lost_place and not self._talk.away:
                    self._follow_again()
                # One line, one thing that was heard: neither keeps the other waiting.
                if self._talk.waiting and not self._talk.away:
                    self._talk.send()
                try:
                    self._take(self._taken.get_nowait())
                except queue.Empty:
                    self._pause()
        finally:
            self._follower.stop()

    def _pause(self) -> None:
        """Nothing is to be taken just now."""
        if self._talk.away:
            try:
                self._take(self._taken.get(timeout=_LOOK_SECONDS))
            except queue.Empty:
                self._talk.look()
        elif not self._talk.waiting:
            self._talk.rest()
            self._take(self._taken.get())

    def _take(self, what: Heard | _Read) -> None:
        match what:
            case _Read(data):
                self._reading = False
                for line in self._screen.taken(data):
                    self._typed(line)
            case Told(raw):
                self._talk.hear(raw)
            case Away():
                self._talk.gone()
            case Back():
                self._talk.back()
            case Broken(CursorExpired()):
                self._screen.notice("More happened than the daemon kept: this is the newest.")
                self._lost_place = True
            case Broken(error):
                raise error

    def _typed(self, line: str | None) -> None:
        if line is None or self._ended:
            self._ended = True
        elif self._screen.interactive and line.startswith("/") and not line.startswith("//"):
            self._commanded(line)
        elif line.strip():
            self._talk.say(line[1:] if self._screen.interactive and line.startswith("//") else line)

    def _commanded(self, line: str) -> None:
        match line.strip():
            case "/quit":
                self._ended = True
            case "/info":
                self._talk.tell()
            case "/help":
                for each in _HELP:
                    self._screen.notice(each)
            case _:
                self._screen.notice(
                    "There is no such command, and nothing was sent: /help says what there is."
                )
                self._screen.give_back(line)

    def _followed(self) -> Follower:
        head = self._talk.page(self._lines)
        follower = Follower(self._invocation.another_client(), self._taken.put)
        follower.start(self._invocation.profile_id(), head)
        return follower

    def _follow_again(self) -> None:
        try:
            self._follower = self._followed()
        except ClientError as error:
            if not passes(error):
                raise
            self._talk.gone()
        else:
            self._lost_place = False

    def _read(self) -> None:
        while True:
            self._may_read.acquire()
            try:
                data = os.read(0, _READ_BYTES) if sys.stdin is not None else b""
            except OSError:
                data = b""  # closed, or its terminal is gone
            self._taken.put(_Read(data))
            if not data:
                return
