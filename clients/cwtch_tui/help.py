"""Help: every key, and what the marks mean."""

from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from cwtch_tui.dialog import Dialog, labelled, said

KEYS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Everywhere",
        (
            ("Tab", "from the list to the messages, to what you write"),
            ("Esc", "back to the list; closes a dialog"),
            ("^n", "the next conversation with something new"),
            ("^p", "all commands, found by their words"),
            ("Enter  ^j", "while you write: send; a new line"),
        ),
    ),
    (
        "In the list and in the messages",
        (
            ("↑ ↓ Enter", "choose and open; in the messages: reply to one"),
            ("a   b", "add a contact, shows your own address; block or unblock"),
            ("r", "in the messages: try one again that did not arrive"),
            ("p n u l", "profiles: all, make, unlock, lock"),
            ("^t  ?  q", "new Tor circuits; this help; quit"),
        ),
    ),
    (
        "Marks",
        (
            ("●", "connected, and when they were last heard"),
            ("◐ ○", "being called; not connected now"),
            ("? x", "asks to talk to you; blocked"),
            ("… >", "waits here; sent, but not confirmed yet"),
            ("✓ ✗", "stored on their side; failed, and why"),
        ),
    ),
)
_KEY_CELLS = 12


class Help(Dialog):
    """A table."""

    AUTO_FOCUS = "#dialog"
    heading = "Help"

    def body(self) -> ComposeResult:
        """Keys and marks."""
        for heading, rows in KEYS:
            yield labelled(heading)
            table = Table.grid(Column(width=_KEY_CELLS), Column(ratio=1), expand=True)
            for key, does in rows:
                table.add_row(Text(key, "bold"), Text(does))
            yield Static(table, classes="words")
        yield said()
