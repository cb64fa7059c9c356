"""Progress: how far something is, on standard error: a bar on a terminal, a line for each change elsewhere."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from cwtch_cli.output import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID


class Progress:
    """A context manager; nothing of it stays on a terminal behind its end."""

    def __init__(self) -> None:
        self._words = ""
        self._stack = ExitStack()
        self._bar: tuple[Bar, TaskID] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, words: str, percent: int | None) -> None:
        """Says where it stands; without a percentage the bar only moves."""
        if sys.stderr.isatty():
            self._draw(words, percent)
        elif words != self._words:
            print(f"cwtch: {visible(words)}", file=sys.stderr, flush=True)
        self._words = words

    def _draw(self, words: str, percent: int | None) -> None:
        if self._bar is None:
            from rich.console import Console  # noqa: PLC0415 - a pipe shouldn't wait for it
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - likewise

            bar = Progress(
                BarColumn(30),
                TextColumn("{task.fields[words]}", markup=False),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._stack.enter_context(bar)
            self._bar = (bar, bar.add_task("", total=None, words=""))
        drawn, task = self._bar
        # A task without a total pulses: how much there is left is not known.
        if percent is None:
            drawn.update(task, total=None, words=visible(words))
        else:
            drawn.update(task, total=100, completed=percent, words=visible(words))
