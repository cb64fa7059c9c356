"""Adding a contact, and one's own address for others to add: the two halves of the same meeting."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from cwtch_cli.connect import bare
from cwtch_client import Profile
from cwtch_tui.deeds import Deeds
from cwtch_tui.dialog import Dialog, labelled, said
from cwtch_tui.fields import Field
from cwtch_tui.qr import qr
from cwtch_tui.text import grouped

_ADDRESS_CHARACTERS = 56


class AddContact(Dialog):
    """Their address on the left, ours on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "copy", "Copy your address")]
    heading = "Add a contact"

    def __init__(self, deeds: Deeds, profile: Profile) -> None:
        super().__init__()
        self._deeds = deeds
        self._profile = profile

    def body(self) -> ComposeResult:
        """Fields and the code."""
        with Horizontal(id="meeting"):
            with Vertical(id="theirs"):
                yield labelled("Their address, 56 characters")
                yield Field(id="address", placeholder="paste it here", compact=True)
                yield labelled("What you call them (only you see it)")
                yield Field(id="name", placeholder="a name", compact=True)
                yield labelled("A greeting (sent with your request)")
                yield Field(id="greeting", placeholder="hello, may I?", compact=True)
                yield Button(Text("[⏎] Add"), id="add", compact=True)
                yield said()
                yield labelled("Your address (^y copies it)")
                yield Static(Text(grouped(self._profile.id)), id="own")
            yield Static(qr(f"cwtch:{self._profile.id}"), id="code")

    @on(Input.Submitted)
    @on(Button.Pressed, "#add")
    def add(self) -> None:
        """Adds them, if the address may be one."""
        address, name, greeting = (
            self.query_one(f"#{field}", Field).value.strip() for field in ("address", "name", "greeting")
        )
        if len(bare(address)) != _ADDRESS_CHARACTERS:
            self.say(
                f"! An address has {_ADDRESS_CHARACTERS} characters, not {len(bare(address))}.", "bold red"
            )
            self.query_one("#address", Field).focus()
            return
        self.do(self._deeds.add(self._profile.id, bare(address), name, greeting), "Adding …")

    def action_copy(self) -> None:
        """Puts our address on the terminal's clipboard."""
        self.app.copy_to_clipboard(f"cwtch:{self._profile.id}")
        self.say("Your address is on the clipboard, if this terminal allows it.")
