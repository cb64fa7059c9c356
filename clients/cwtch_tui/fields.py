"""Fields: where the person types. What is pasted loses what can't be seen."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, TextArea

from cwtch_tui.text import pasted


class Field(Input):
    """One line."""

    def on_paste(self, event: events.Paste) -> None:
        """Takes the clipboard's first line."""
        event.prevent_default()
        event.stop()
        line = "".join(pasted(event.text).splitlines()[:1])
        if self.selection.is_empty:
            self.insert_text_at_cursor(line)
        else:
            self.replace(line, *self.selection)


class Composer(TextArea):
    """The message that is being written: Enter sends it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", priority=True),
        Binding("ctrl+j,shift+enter,alt+enter", "new_line", "New line", key_display="^j"),
        Binding("escape", "screen.to_list", "Back"),
    ]

    class Sent(Message):
        """The person is done with `text`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(
            id="composer",
            soft_wrap=True,
            compact=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            show_line_numbers=False,
        )

    def write_to(self, name: str) -> None:
        """Says whom it is for."""
        self.placeholder = Content(f"Write to {name}")

    def action_send(self) -> None:
        """Hands over what was written, if anything was."""
        if self.text.strip():
            self.post_message(self.Sent(self.text))

    def action_new_line(self) -> None:
        """Goes on below."""
        self.insert("\n")

    def on_paste(self, event: events.Paste) -> None:
        """Takes the clipboard's lines."""
        event.prevent_default()
        event.stop()
        put = self.replace(pasted(event.text), *self.selection, maintain_selection_offset=False)
        self.move_cursor(put.end_location)
