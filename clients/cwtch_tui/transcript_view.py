"""The messages of the conversation that is open: what is looked at stays in view while messages come, at either end."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cwtch_tui.rows import MessageRow

_OLDER = "older"


class TranscriptView(OptionList):
    """The messages of a conversation, the newest at the bottom."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Reply"),
        Binding("r", "try_again", "Retry"),
        Binding("escape", "screen.to_list", "Back"),
    ]

    class OlderWanted(Message):
        """The person has come to the beginning of what is loaded."""

    class Moved(Message):
        """Other messages are in view."""

    class TryAgain(Message):
        """A message is to be tried again."""

        def __init__(self, message: int) -> None:
            super().__init__()
            self.message = message

    def __init__(self) -> None:
        super().__init__(id="transcript", markup=False)
        self._rows: list[MessageRow] = []
        self._of: object = None
        self._more = False
        self._placed = False
        self._at_end = False
        """the newest message was in view when the view last moved by itself or by the person"""

    @property
    def at_end(self) -> bool:
        """Whether the newest message is in view."""
        return self._placed and self.is_vertical_scroll_end

    @property
    def at(self) -> int | None:
        """The message under the cursor."""
        option = self.highlighted_option
        return int(option.id) if option is not None and option.id and option.id.isdecimal() else None

    def show(self, of: object, rows: list[MessageRow], *, more: bool) -> None:
        """Shows the rows of a conversation; `of` tells conversations apart."""
        if (of, rows, more) == (self._of, self._rows, self._more):
            return
        other = of != self._of or not self._rows
        known, now = [each.id for each in self._rows], [each.id for each in rows]
        followed = other or self.at_end
        if not other and more == self._more and now[: len(known)] == known:
            self._update(rows)
        else:
            self._replace(rows, more=more, keep_view=not other)
        self._of, self._rows, self._more = of, rows, more
        if other:
            self.highlighted = None
        if followed:
            self.follow()

    def follow(self) -> None:
        """Goes to the newest message, once it has its place."""
        self.scroll_end(animate=False, on_complete=self._at_its_place)

    def _at_its_place(self) -> None:
        self._placed = bool(self._rows)
        self._at_end = True
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Whoever reads the newest goes on doing so where a line of the heading came or went."""
        if self._at_end:
            self.call_after_refresh(self.follow)

    def _update(self, rows: Sequence[MessageRow]) -> None:
        first = int(self._more)
        for place, (before, after) in enumerate(zip(self._rows, rows, strict=False)):
            if before != after:
                self.replace_option_prompt_at_index(first + place, after.draw())
        self.add_options(Option(each.draw(), id=str(each.id)) for each in rows[len(self._rows) :])

    def _replace(self, rows: Sequence[MessageRow], *, more: bool, keep_view: bool) -> None:
        at, height, top = self.at, self.virtual_size.height, self.scroll_y
        older = [Option(Text("older messages above", "dim", justify="center"), id=_OLDER, disabled=True)]
        self._placed = False
        self.set_options([*older * more, *(Option(each.draw(), id=str(each.id)) for each in rows)])
        if not keep_view:
            return
        numbers = [each.id for each in rows]

        def restore() -> None:
            if at in numbers:
                self.set_reactive(OptionList.highlighted, int(more) + numbers.index(at))
            # What was in view stays where it was: the new lines are all above it.
            self.scroll_to(y=top + self.virtual_size.height - height, animate=False, force=True)
            self._placed = True

        self.call_after_refresh(restore)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Asks for older messages at the beginning."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = self.is_vertical_scroll_end
        if self._placed:
            self.post_message(self.Moved())
            self.want_older()

    def want_older(self) -> None:
        """Asks for what is before the first message, where that is in view."""
        if self._placed and self._more and self.scroll_y <= 1:
            self.post_message(self.OlderWanted())

    def action_first(self) -> None:
        """To the beginning of what is loaded."""
        super().action_first()
        self.scroll_home(animate=False)
        self.want_older()

    def action_cursor_up(self) -> None:
        """Up; from nowhere to the newest."""
        if self.highlighted is None:
            self.action_last()
        elif self.highlighted > int(self._more):
            self.highlighted -= 1
        else:
            self.action_first()

    def action_cursor_down(self) -> None:
        """Down, and no further than the newest."""
        if self.highlighted is None or self.highlighted >= self.option_count - 1:
            self.highlighted = None
            self.follow()
        else:
            self.highlighted += 1

    def action_try_again(self) -> None:
        """Tries the message under the cursor again, or the newest that did not arrive."""
        undelivered = [each.id for each in self._rows if each.standing and each.standing.words != "delivered"]
        at = self.at if self.at is not None else undelivered[-1] if undelivered else None
        if at is not None:
            self.post_message(self.TryAgain(at))
