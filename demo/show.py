"""What the demo prints: times since its start, commands as a person would type them, what came out, and tables.

Rules: colour only on a terminal; a reader that has gone ends the play (`gone`), never with a traceback.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cwtch_cli.output import visible

_WIDTH = 120
_CONTINUED = " " * 10
_STYLES = {"delivered": "green", "received": "cyan", "queued": "yellow", "sent": "yellow", "failed": "red"}


class Show:
    """Standard output, with a clock."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._terminal = sys.stdout.isatty()
        self.gone = False

    def title(self, text: str) -> None:
        """What the next part is about."""
        self._print(Text(f"\n{text}", style="bold"))

    def note(self, text: str, style: str = "dim") -> None:
        """One line, with the seconds since the start."""
        self._print(self._timed(Text(visible(text), style=style)))

    def command(self, who: str, words: str) -> None:
        """A command, as that person would type it."""
        self._print(self._timed(Text.assemble((f"{who}$ ", _colour(who)), (visible(words), "bold"))))

    def result(self, text: str) -> None:
        """What a command gave, in a few words."""
        self._print(Text(f"{_CONTINUED}→ {visible(text)}"))

    def happened(self, who: str, state: str, text: str) -> None:
        """Something that a person's `cwtch watch` told."""
        parts = Text.assemble((f"{who:<6}", _colour(who)), (f"{visible(state):<10}", _STYLES.get(state, "")))
        self._print(self._timed(parts.append(visible(text))))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """A table."""
        made = Table(header_style="bold")
        for column in columns:
            made.add_column(column, justify="right" if column in ("#", "took") else "left")
        for row in rows:
            made.add_row(*(Text(visible(cell), _STYLES.get(cell, _colour(cell))) for cell in row))
        self._print(made)

    def _timed(self, text: Text) -> Text:
        return Text(f"{time.monotonic() - self._begun:7.1f} s ", style="dim").append_text(_normal(text))

    def _print(self, thing: Text | Table) -> None:
        if self.gone:
            return
        width = shutil.get_terminal_size().columns if self._terminal else _WIDTH
        console = Console(file=StringIO(), force_terminal=self._terminal, width=width, highlight=False)
        with console.capture() as captured:
            console.print(thing, soft_wrap=isinstance(thing, Text))
        try:
            sys.stdout.write(captured.get())
            sys.stdout.flush()
        except OSError:
            self.gone = True
            # What is still buffered would be written at exit, to nobody.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _normal(text: Text) -> Text:
    """The text, safe from the style of what it is appended to."""
    return Text(style="not dim").append_text(text)


def _colour(who: str) -> str:
    return {"alice": "magenta", "bob": "blue"}.get(who, "")
