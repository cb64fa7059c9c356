"""Screen: where a chat is read and typed: a terminal on which both happen at once, or streams of whole lines.

Rules: what is typed is never garbled by what comes in; the terminal is given back as it was, whatever happened.
"""

import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from typing import Any, Protocol, Self

from cwtch_cli.editor import Clear, Editor, End, Line, Suspend, columns
from cwtch_cli.errors import Failed
from cwtch_cli.output import Output, ReaderGone, visible

_MOST_BYTES = 1 << 20
_BRACKETED, _UNBRACKETED = "\x1b[?2004h", "\x1b[?2004l"
_ROW_EMPTY, _ROW_ABOVE, _SCREEN_EMPTY = "\r\x1b[K", "\x1b[A", "\x1b[H\x1b[2J"


class Screen(Protocol):
    """A chat's place."""

    interactive: bool

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def taken(self, data: bytes) -> Iterator[str | None]:
        """The lines that are finished by what was read, None for the end. A line that is no text is told and left out."""

    def line(self, text: str, style: str | None = None, *, lead: str = "") -> None:
        """Prints a line of the conversation, with who wrote it in front."""

    def line_again(self, text: str, style: str | None = None, *, lead: str = "") -> bool:
        """Prints a line in place of the last one, where that can be: it is the last still, and a single row."""

    def notice(self, text: str) -> None:
        """Tells something about the conversation."""

    def prompt(self, text: str) -> None:
        """What stands before what is typed."""

    def give_back(self, text: str) -> None:
        """Puts a text where it can be corrected."""


def fitting_screen(output: Output, *, plain: bool) -> Screen:
    """A terminal where a person reads and types on one that can be drawn on, unless `plain`; else lines."""
    able = os.environ.get("TERM", "dumb") != "dumb"
    if not plain and able and output.on_terminal and sys.stdin is not None and sys.stdin.isatty():
        return TerminalScreen(output)
    return LineScreen(output)


class LineScreen:
    """Whole lines, in and out; notices go to standard error."""

    interactive = False

    def __init__(self, output: Output) -> None:
        self._output = output
        self._begun = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def taken(self, data: bytes) -> Iterator[str | None]:
        """See Screen."""
        *lines, self._begun = (self._begun + data).split(b"\n") if data else (self._begun, b"")
        if len(self._begun) > _MOST_BYTES:
            raise Failed("A line that was read is longer than any message: nothing of it was sent.")
        for line in lines:
            try:
                yield line.decode("utf-8").removesuffix("\r")
            except UnicodeDecodeError:
                raise Failed("What was read is not text in UTF-8: only text can be sent.") from None
        if not data:
            yield None

    def line(self, text: str, style: str | None = None, *, lead: str = "") -> None:
        """See Screen."""
        self._output.line(text, style, lead=lead)

    def line_again(self, text: str, style: str | None = None, *, lead: str = "") -> bool:
        """See Screen."""
        return False

    def notice(self, text: str) -> None:
        """See Screen."""
        print(f"cwtch: {visible(text)}", file=sys.stderr, flush=True)

    def prompt(self, text: str) -> None:
        """Nobody waits for one."""

    def give_back(self, text: str) -> None:
        """It can't be: whoever wrote it is told why it was not sent."""


class TerminalScreen:
    """A terminal: lines scroll by above the one row in which is typed."""

    interactive = True

    def __init__(self, output: Output) -> None:
        self._output = output
        self._editor = Editor()
        self._prompt = ""
        self._drawn = False
        self._before: list[Any] = []
        self._last = sys.maxsize
        """How many columns the last line has, many where it can't be drawn over."""

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(0)
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _begin(self) -> None:
        tty.setcbreak(0, termios.TCSADRAIN)
        modes = termios.tcgetattr(0)
        modes[6][termios.VSUSP] = b"\0"  # ^Z comes as a key, so that the terminal is given back before
        termios.tcsetattr(0, termios.TCSADRAIN, modes)
        self._drawn = True
        self._write(_BRACKETED)
        self._draw()

    def _end(self) -> None:
        self._drawn = False
        try:
            self._write(_ROW_EMPTY + _UNBRACKETED)
        except (ReaderGone, OSError):
            pass  # the terminal has gone: there is nothing left to set right
        finally:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def taken(self, data: bytes) -> Iterator[str | None]:
        """See Screen."""
        if not data:
            yield None
        for typed in self._editor.feed(data):
            match typed:
                case Line(text):
                    self._draw()
                    yield text
                case End():
                    yield None
                case Clear():
                    self._write(_SCREEN_EMPTY)
                    self._last = sys.maxsize
                case Suspend():
                    self._end()
                    self._last = sys.maxsize  # a shell writes here
                    os.kill(0, signal.SIGTSTP)
                    self._begin()
        self._draw()

    def line(self, text: str, style: str | None = None, *, lead: str = "") -> None:
        """See Screen."""
        self._print(_ROW_EMPTY, text, style, lead)
        self._last = sys.maxsize if "\n" in text else columns(visible(f"{lead} {text}"))

    def line_again(self, text: str, style: str | None = None, *, lead: str = "") -> bool:
        """See Screen."""
        new = columns(visible(f"{lead} {text}"))
        if max(self._last, new) >= self._width:
            return False
        self._print(f"{_ROW_EMPTY}{_ROW_ABOVE}{_ROW_EMPTY}", text, style, lead)
        self._last = new
        return True

    def notice(self, text: str) -> None:
        """See Screen."""
        self._print(_ROW_EMPTY, text, "dim", "")
        self._last = sys.maxsize

    def _print(self, first: str, text: str, style: str | None, lead: str) -> None:
        self._write(first)
        self._output.line(text, style, lead=lead)
        self._draw()

    @property
    def _width(self) -> int:
        return shutil.get_terminal_size().columns

    def prompt(self, text: str) -> None:
        """See Screen."""
        self._prompt = text
        self._draw()

    def give_back(self, text: str) -> None:
        """See Screen."""
        self._editor.put(text)
        self._draw()

    def _draw(self) -> None:
        if not self._drawn:
            return
        row, column = self._editor.shown(self._prompt, self._width)
        self._write(f"{_ROW_EMPTY}{row}\r" + (f"\x1b[{column}C" if column else ""))

    def _write(self, text: str) -> None:
        self._output.drawing(text)
