"""What the commands print: tables and colour on a terminal, plain lines elsewhere, JSON where it is asked for.

Rules: everything that is printed goes through here, and nothing that others wrote reaches the terminal unescaped; one record is one line
where no terminal reads; a reader that is gone is no error of ours.
"""

import json
import re
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TextIO

from cwtch_client import Json

_JOINERS = "\u200c\u200d"
"""Invisible, but Persian and many an emoji are broken without them."""
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
SHORT = 8
_STYLES = {
    "accepted": "green",
    "blocked": "red",
    "connected": "green",
    "connecting": "yellow",
    "delivered": "green",
    "failed": "red",
    "lost": "red",
    "offline": "red",
    "pending": "yellow",
    "queued": "yellow",
    "ready": "green",
    "running": "green",
    "sent": "cyan",
    "starting": "yellow",
    "stopped": "yellow",
    "synced": "green",
}
_CONNECTED = {
    "authenticated": "connected",
    "connected": "connecting",
    "disconnected": "not connected",
}
"""A stream whose other end has not proved yet who it is is no connection to anyone."""
ADDRESS = re.compile(r"[a-z2-7]{56}")
_UNPRINTED = re.compile(r"[^\x20-\x7e]")


class ReaderGone(Exception):
    """Whoever read the output has ended."""


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""A text in which no character steers a terminal or hides: those are shown as `\x1b`, `\n`, `\u202e`."""

    def shown(found: "re.Match[str]") -> str:
        character = found.group()
        if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
            return character
        if keep_lines and character == "\n":
            return character
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")

    return _UNPRINTED.sub(shown, text)


def clock() -> int:
    """Now, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def moment(at: int | None) -> str:
    """Milliseconds since the epoch as local time, `-` for none."""
    if at is None:
        return "-"
    try:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "?"


def duration(milliseconds: int) -> str:
    """A length of time in words."""
    seconds = milliseconds // 1000
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {word}"
    return f"{seconds} s"


def ago(at: int | None, now: int, never: str = "never") -> str:
    """How long something is past, in words."""
    if at is None:
        return never
    seconds = max(0, now - at) // 1000
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word} ago"
    return f"{seconds} s ago"


def state_word(state: str) -> str:
    """How a contact is connected, for a person: the API tells apart two more steps."""
    return _CONNECTED.get(state, state)


def short(address: str) -> str:
    """The beginning of an onion, which is enough to tell a few apart."""
    return address if len(address) <= SHORT else address[:SHORT] + "…"


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """What a table of these takes, two blanks between its columns."""
    return sum(max(len(cell) for cell in column) + 2 for column in zip(columns, *rows, strict=True)) - 2


class Output:
    """Prints results. `stream` is standard output unless a test says otherwise."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    @property
    def on_terminal(self) -> bool:
        """Whether a person looks at it."""
        return self._out.isatty()

    @property
    def _columns(self) -> int:
        from rich.console import Console  # noqa: PLC0415 - a pipe shouldn't wait for it

        return Console(file=self._out).width

    @property
    def _out(self) -> TextIO:
        return sys.stdout if self._stream is None else self._stream

    def json(self, value: Json, *, one_line: bool = False) -> None:
        """A value as JSON: indented for a person, one line for a program or where asked for."""
        indent = 2 if self.on_terminal and not one_line else None
        separators = None if indent else (",", ":")
        plain = (self._out.encoding or "").lower().replace("-", "") != "utf8"
        text = json.dumps(value, ensure_ascii=plain, indent=indent, separators=separators)
        # What JSON may hold raw and a terminal may obey stands only inside strings, where an escape means the same.
        self._write("".join(map(_json_visible, text)) + "\n")

    def line(self, text: str, style: str | None = None, *, lead: str = "") -> None:
        """One line; on a terminal, one with a `lead` has its line ends, and all of its text stands on the right of the lead."""
        if self.on_terminal and lead:
            from rich.table import Table  # noqa: PLC0415 - a pipe shouldn't wait for it
            from rich.text import Text  # noqa: PLC0415 - likewise

            grid = Table.grid(padding=(0, 1))
            grid.add_column(no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(Text(visible(lead), style or ""), Text(visible(text, keep_lines=True), style or ""))
            self._render(grid)
        elif self.on_terminal and style is not None:
            from rich.text import Text  # noqa: PLC0415 - a pipe shouldn't wait for it

            self._render(Text(visible(text), style=style))
        else:
            self._write(visible(f"{lead} {text}" if lead else text) + "\n")

    def record(self, row: Sequence[str]) -> None:
        """One record for a program: a line with tabs between."""
        self._write("\t".join(map(visible, row)) + "\n")

    def drawing(self, lines: str) -> None:
        """What this program drew itself: it is printed as it is, with its colours."""
        self._write(lines)

    def rows(self, columns: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> None:
        """Records of equal shape: a table, or one line each with tabs between; `nothing` is said where there are none."""
        found = list(rows)
        if not self.on_terminal:
            for row in found:
                self.record(row)
            return
        if not found:
            self._write(visible(nothing) + "\n")
            return
        from rich.table import Table  # noqa: PLC0415 - a pipe shouldn't wait for it
        from rich.text import Text  # noqa: PLC0415 - likewise

        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        if _width(columns, found) > self._columns:
            # An address in pieces can't be copied: `get` shows one whole, as does a pipe.
            found = [[short(cell) if ADDRESS.fullmatch(cell) else cell for cell in row] for row in found]
        for row in found:
            table.add_row(*(Text(visible(cell, keep_lines=True), _STYLES.get(cell, "")) for cell in row))
        self._render(table)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """One thing, a line for each that is to say of it."""
        if not self.on_terminal:
            for name, value in facts:
                self._write(f"{visible(name)}: {visible(value)}\n")
            return
        from rich.table import Table  # noqa: PLC0415 - a pipe shouldn't wait for it
        from rich.text import Text  # noqa: PLC0415 - likewise

        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, value in facts:
            table.add_row(Text(visible(name)), Text(visible(value, keep_lines=True), _STYLES.get(value, "")))
        self._render(table)

    def _render(self, thing: object) -> None:
        from rich.console import Console  # noqa: PLC0415 - a pipe shouldn't wait for it

        console = Console(file=self._out, highlight=False, markup=False, emoji=False)
        with console.capture() as captured:
            console.print(thing)
        self._write(captured.get())

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except BrokenPipeError:
            raise ReaderGone from None


def _json_visible(character: str) -> str:
    if character in "\n " or character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
