"""Profiles: which are open, and making, unlocking and locking them."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from cwtch_tui.deeds import Deeds
from cwtch_tui.dialog import Dialog, labelled, said
from cwtch_tui.fields import Field
from cwtch_tui.state import OpenProfile, State
from cwtch_tui.text import grouped, one_line


class NewProfile(Dialog):
    """A name and a password, twice."""

    heading = "Make a profile"

    def __init__(self, deeds: Deeds) -> None:
        super().__init__()
        self._deeds = deeds

    def body(self) -> ComposeResult:
        """Three fields."""
        yield Static(
            Text(
                "A profile is an address of its own, sealed with its password on this machine. "
                "Nobody can open it without the password, and nobody can give you another."
            ),
            classes="words",
        )
        yield labelled("Name (only you see it)")
        yield Field(id="name", placeholder="a name", compact=True)
        yield labelled("Password")
        yield Field(id="password", password=True, placeholder="hidden while you type", compact=True)
        yield labelled("The password again")
        yield Field(id="again", password=True, placeholder="hidden while you type", compact=True)
        yield Button(Text("[⏎] Make it"), id="make", compact=True)
        yield said()

    @on(Input.Submitted)
    @on(Button.Pressed, "#make")
    def make(self) -> None:
        """Makes it, if all three fields say what they should."""
        name, password, again = (
            self.query_one(f"#{field}", Field) for field in ("name", "password", "again")
        )
        if not name.value.strip():
            self._lacks(name, "Give it a name.")
        elif not password.value:
            self._lacks(password, "Give it a password: a sentence is a good one.")
        elif not again.value:
            again.focus()
        elif again.value != password.value:
            password.value = again.value = ""
            self._lacks(password, "The two passwords were not the same: type them again.")
        else:
            self.do(self._deeds.create(name.value.strip(), password.value), "Making it …")

    def _lacks(self, field: Field, sentence: str) -> None:
        self.say(f"! {sentence}", "bold red")
        field.focus()


class Unlock(Dialog):
    """A password, which opens every profile that was made with it."""

    heading = "Unlock"

    def __init__(self, deeds: Deeds, known: frozenset[str]) -> None:
        super().__init__()
        self._deeds = deeds
        self._known = known

    def body(self) -> ComposeResult:
        """One field."""
        yield Static(
            Text(
                "Every profile that was made with the password opens. What a locked one is called is sealed."
            ),
            classes="words",
        )
        yield labelled("Password")
        yield Field(id="password", password=True, placeholder="hidden while you type", compact=True)
        yield Button(Text("[⏎] Unlock"), id="unlock", compact=True)
        yield said()

    @on(Input.Submitted)
    @on(Button.Pressed, "#unlock")
    def unlock(self) -> None:
        """Tries it."""
        field = self.query_one("#password", Field)
        password, field.value = field.value, ""
        field.focus()
        if password:
            self.do(self._try(password), "Unlocking …")
        else:
            self.say("! Type a password.", "bold red")

    async def _try(self, password: str) -> None:
        if await self._deeds.unlock(password, self._known) == 0:
            self.app.notify("What this password opens was open already.", markup=False)


class Profiles(Dialog):
    """The open profiles: Enter switches to one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "leave('new_profile')", "New"),
        Binding("u", "leave('unlock')", "Unlock"),
        Binding("l", "leave('lock')", "Lock"),
    ]
    AUTO_FOCUS = "OptionList"
    heading = "Profiles"

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self.picked: str | None = None
        self.leaving_for: str | None = None

    def body(self) -> ComposeResult:
        """The list, and what can be done."""
        if self._state.profiles:
            yield OptionList(
                *(
                    Option(_drawn(each, self._state.shown), id=name)
                    for name, each in self._state.profiles.items()
                ),
                id="profiles",
                markup=False,
                compact=True,
            )
        else:
            yield Static(Text("No profile is open."), classes="words")
        with Horizontal(classes="buttons"):
            yield Button(Text("[n] New"), id="new_profile", compact=True)
            yield Button(Text("[u] Unlock"), id="unlock", compact=True)
            yield Button(Text("[l] Lock"), id="lock", compact=True, disabled=not self._state.profiles)
        yield said()

    def on_mount(self) -> None:
        """Begins at the profile on the screen."""
        for listed in self.query(OptionList):
            listed.highlighted = max(0, list(self._state.profiles).index(self._state.shown or ""))

    @on(OptionList.OptionSelected)
    def switch(self, event: OptionList.OptionSelected) -> None:
        """Shows the profile."""
        self.picked = event.option_id
        self.dismiss(True)

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """One of the buttons."""
        self.action_leave(event.button.id or "")

    def action_leave(self, where: str) -> None:
        """Goes on to another dialog; locking means the profile under the cursor."""
        for listed in self.query(OptionList):
            self.picked = listed.highlighted_option.id if listed.highlighted_option else None
        self.leaving_for = where
        self.dismiss(True)


def _drawn(place: OpenProfile, shown: str | None) -> Text:
    new = f"  {place.unread} new" if place.unread else ""
    asks = f"  {place.requests} to decide" if place.requests else ""
    here = "▌" if place.profile.id == shown else " "
    return Text.assemble(
        here, (one_line(place.profile.name), "bold"), (f"{new}{asks}", "yellow"), "\n",
        here, (grouped(place.profile.id), "dim"),
    )  # fmt: skip
