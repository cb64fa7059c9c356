"""A request: who asks, what they wrote, and the three answers."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Input, Static

from cwtch_client import ClientError, Conversation, Message
from cwtch_tui.deeds import Deeds
from cwtch_tui.dialog import Dialog, labelled, said
from cwtch_tui.fields import Field
from cwtch_tui.rows import body
from cwtch_tui.text import grouped, shortened

_SHOWN_MESSAGES = 3
_SHOWN_LINES = 4
_SHOWN_CHARACTERS = 300


class Request(Dialog):
    """Accept, reject or block; Esc leaves it for later."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept"),
        Binding("r", "reject", "Reject"),
        Binding("b", "block", "Block"),
    ]
    AUTO_FOCUS = "#accept"
    heading = "Somebody wants to talk to you"

    def __init__(self, deeds: Deeds, profile: str, conversation: Conversation) -> None:
        super().__init__()
        self._deeds = deeds
        self._profile = profile
        self._conversation = conversation

    def body(self) -> ComposeResult:
        """Who, what and the answers."""
        yield labelled("Their address: compare it, if you have it from them")
        yield Static(Text(grouped(self._conversation.address or ""), "bold"), classes="words")
        yield labelled("What they wrote")
        yield Static(Text("…", "dim"), id="written", classes="words")
        yield labelled("What you call them, if you accept (only you see it)")
        yield Field(id="name", placeholder="a name, if you like", compact=True)
        with Horizontal(classes="buttons"):
            yield Button(Text("[a] Accept"), id="accept", compact=True)
            yield Button(Text("[r] Reject"), id="reject", compact=True)
            yield Button(Text("[b] Block"), id="block", compact=True)
        yield said()
        yield Static(
            Text(
                "Accept: both of you can write.\n"
                "Reject: the request is deleted; they may ask again after 24 hours.\n"
                "Block: they are turned away until you unblock them.\n"
                "Esc: decide later; until then they get no answer.",
                "dim",
            ),
            classes="words below",
        )

    def on_mount(self) -> None:
        """Asks what they wrote."""
        self.run_worker(self._ask())

    async def _ask(self) -> None:
        try:
            page = await self._deeds.load(self._profile, self._conversation.id, None)
        except ClientError as error:
            self.say(f"! {error}", "bold red")
        else:
            self.query_one("#written", Static).update(_written(page.messages))

    @on(Input.Submitted)
    def action_accept(self) -> None:
        """Says yes, with a name or without."""
        name = self.query_one("#name", Field).value.strip()
        number, address = self._conversation.id, self._conversation.address or ""
        work = (
            self._deeds.add(self._profile, address, name, "")
            if name
            else self._deeds.change("contact.accept", self._profile, number)
        )
        self.do(work, "Accepting …")

    def action_reject(self) -> None:
        """Deletes the request."""
        self.do(self._deeds.reject(self._profile, self._conversation.id), "Rejecting …")

    def action_block(self) -> None:
        """Turns them away."""
        self.do(self._deeds.change("contact.block", self._profile, self._conversation.id), "Blocking …")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the three."""
        {"accept": self.action_accept, "reject": self.action_reject, "block": self.action_block}[
            event.button.id or "accept"
        ]()


def _written(messages: Sequence[Message]) -> Text:
    if not messages:
        return Text("(nothing yet)", "dim")
    first = [shortened(body(each), _SHOWN_CHARACTERS) for each in messages[:_SHOWN_MESSAGES]]
    left = len(messages) - len(first)
    written = Text("\n").join(Text(f"│ {line}") for each in first for line in each.split("\n")[:_SHOWN_LINES])
    return written.append(f"\n(and {left} more)", "dim") if left > 0 else written
