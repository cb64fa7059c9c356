"""CwtchApp: the State, the screens, and the person's deeds put together.

Rules: a happening makes a new State and asks for one drawing, however many come at once; time passes only on the screen.
"""

import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, ClassVar

from rich.traceback import Traceback
from textual.app import App, SystemCommand
from textual.screen import Screen

from cwtch_cli.connect import bare, called
from cwtch_client import AsyncClient, ClientError, Conversation
from cwtch_tui.add_contact import AddContact
from cwtch_tui.deeds import Deeds
from cwtch_tui.dialog import Confirm
from cwtch_tui.feed import Feed
from cwtch_tui.happenings import ConversationChosen, DaemonFound, Happening, ProfileShown
from cwtch_tui.help import Help
from cwtch_tui.main_screen import MainScreen
from cwtch_tui.profiles import NewProfile, Profiles, Unlock
from cwtch_tui.reduce import reduce
from cwtch_tui.request import Request
from cwtch_tui.state import OpenProfile, State
from cwtch_tui.text import one_line

_AGES_SECONDS = 15.0


def _clock() -> int:
    return time.time_ns() // 1_000_000


class CwtchApp(App[None]):
    """The interface. `how_to_start` is the command that starts a daemon, `wanted` the profile to begin with, by name or address."""

    CSS_PATH = "app.tcss"
    TITLE = "cwtch"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar = []

    def __init__(
        self,
        client: AsyncClient,
        how_to_start: str = "cwtchd run",
        wanted: str | None = None,
        now: Callable[[], int] = _clock,
    ) -> None:
        super().__init__()
        self.state = State()
        self.deeds = Deeds(client, self.happen)
        self._client = client
        self._wanted = wanted
        self._now = now
        self._feed = Feed(client, self.happen, lambda: self.state, self.complain, how_to_start)
        self.main = MainScreen()
        self._drawing = False
        self._loading: set[tuple[str, int, int | None]] = set()

    def get_default_screen(self) -> Screen[None]:
        """The main one."""
        return self.main

    def on_mount(self) -> None:
        """Begins to follow the daemon."""
        self.run_worker(self._feed.run())
        self.set_interval(_AGES_SECONDS, self.draw)

    def on_app_focus(self) -> None:
        """Somebody looks again: what is in view is read now."""
        self.draw()

    async def on_unmount(self) -> None:
        """Ends the connection."""
        await self._client.close()

    # --- what happens --------------------------------------------------------------------------------------------

    def happen(self, happening: Happening) -> None:
        """Takes in what happened."""
        before, self.state = self.state, reduce(self.state, happening)
        if self.state is before:
            return
        if isinstance(happening, DaemonFound):
            self._show_wanted()
        self._feed.settle()
        place = self.state.place
        if place is not None and place.known and place.open is not None and place.transcript is None:
            self.load(place.profile.id, place.open.id, None)
        self.draw()

    def _show_wanted(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        fitting = [
            name
            for name, each in self.state.profiles.items()
            if wanted == each.profile.name or bare(wanted) == name
        ]
        if fitting:
            self.state = reduce(self.state, ProfileShown(fitting[0]))
        else:
            self.complain(f"No open profile is called {wanted}: u unlocks one with its password.")

    def draw(self) -> None:
        """Draws, once for all that happened since."""
        if not self._drawing:
            self._drawing = True
            self.call_later(self._draw)

    def _draw(self) -> None:
        self._drawing = False
        if self.main.is_mounted:
            self.main.show(self.state, self._now())

    def _fatal_error(self) -> None:
        """Ends after a fault of ours, with a traceback that shows no values: those are passwords and messages."""
        self.bell()
        self.panic(Traceback(show_locals=False, width=None))

    # --- deeds ---------------------------------------------------------------------------------------------------

    def do(self, work: Coroutine[Any, Any, None], failed: Callable[[str], None]) -> None:
        """Has something done; `failed` is told in one sentence what went wrong."""

        async def doing() -> None:
            try:
                await work
            except ClientError as error:
                failed(str(error))

        self.run_worker(doing())

    def complain(self, sentence: str) -> None:
        """Says what went wrong."""
        self.notify(one_line(sentence), severity="error", markup=False, timeout=8)

    def load(self, profile: str, conversation: int, before: int | None) -> None:
        """Loads a page, unless it is on its way; after a refusal it is asked for again when the conversation is opened."""
        page = (profile, conversation, before)
        if page in self._loading:
            return
        self._loading.add(page)

        async def loading() -> None:
            await self.deeds.load(*page)
            self._loading.discard(page)

        self.do(loading(), self.complain)

    def choose(self, conversation: int) -> None:
        """Shows a conversation on the right."""
        if self.state.shown is not None:
            self._loading.discard((self.state.shown, conversation, None))
            self.happen(ConversationChosen(self.state.shown, conversation))

    # --- dialogs -------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> OpenProfile | None:
        """The profile on the screen; says what to do where there is none."""
        if self.state.place is None:
            self.complain("No profile is open: u unlocks one, n makes one.")
        return self.state.place

    def action_add(self) -> None:
        """Adds a contact."""
        if (place := self._place) is not None:
            self.push_screen(AddContact(self.deeds, place.profile), self._go_on)

    def ask_about(self, request: Conversation) -> None:
        """Shows a request."""
        if (place := self.state.place) is not None:
            self.push_screen(Request(self.deeds, place.profile.id, request), self._go_on)

    def _go_on(self, done: bool | None) -> None:
        """Whoever was just let in is written to next."""
        if done:
            self.main.write()

    def action_block(self) -> None:
        """Blocks the conversation under the cursor, or unblocks it."""
        place = self._place
        number = self.main.at
        found = place.conversations.get(number) if place is not None and number is not None else None
        if place is None or found is None:
            return
        profile = place.profile.id
        if found.state == "blocked":
            self.do(self.deeds.change("contact.unblock", profile, found.id), self.complain)
            return
        self.push_screen(
            Confirm(
                f"Block {one_line(called(found))}?",
                "They can't reach you any more, until you unblock them. What was said stays.",
                "Block",
                lambda: self.deeds.change("contact.block", profile, found.id),
            )
        )

    def action_profiles(self) -> None:
        """Switches, or goes on to another dialog."""
        dialog = Profiles(self.state)

        def left(_: bool | None) -> None:
            match dialog.leaving_for:
                case None if dialog.picked is not None:
                    self.happen(ProfileShown(dialog.picked))
                case "new_profile":
                    self.action_new_profile()
                case "unlock":
                    self.action_unlock()
                case "lock":
                    self._ask_to_lock(dialog.picked)
                case _:
                    pass

        self.push_screen(dialog, left)

    def action_new_profile(self) -> None:
        """Makes a profile."""
        self.push_screen(NewProfile(self.deeds))

    def action_unlock(self) -> None:
        """Unlocks profiles."""
        self.push_screen(Unlock(self.deeds, frozenset(self.state.profiles)))

    def action_lock(self) -> None:
        """Locks the profile on the screen."""
        if self._place is not None:
            self._ask_to_lock(self.state.shown)

    def _ask_to_lock(self, profile: str | None) -> None:
        place = self.state.profiles.get(profile or "")
        if place is None:
            return
        self.push_screen(
            Confirm(
                f"Lock {one_line(place.profile.name)}?",
                "Its address goes offline, and nothing of it is here until you unlock it again with its password.",
                "Lock",
                lambda: self.deeds.lock(place.profile.id),
            )
        )

    def action_help(self) -> None:
        """Shows the keys."""
        self.push_screen(Help())

    def action_reset_tor(self) -> None:
        """Asks for new circuits."""

        async def resetting() -> None:
            await self.deeds.reset_tor()
            self.notify("Tor makes new circuits from now on.", markup=False)

        self.do(resetting(), self.complain)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What the command palette finds."""
        yield SystemCommand("Add a contact", "By their address; shows yours (a)", self.action_add)
        yield SystemCommand("Block or unblock", "The contact under the cursor (b)", self.action_block)
        yield SystemCommand(
            "Next new", "The next conversation with something new (^n)", self.main.action_next_new
        )
        yield SystemCommand("Profiles", "Switch between those that are open (p)", self.action_profiles)
        yield SystemCommand("Make a profile", "A new address, with a password (n)", self.action_new_profile)
        yield SystemCommand("Unlock profiles", "With their password (u)", self.action_unlock)
        yield SystemCommand("Lock this profile", "Until its password is typed again (l)", self.action_lock)
        yield SystemCommand("New circuits", "Ask Tor for other ways (^t)", self.action_reset_tor)
        yield SystemCommand("Colours", "Choose a theme", self.action_change_theme)
        yield SystemCommand("Help", "All keys and marks (?)", self.action_help)
        yield SystemCommand("Quit", "Leave; the daemon goes on (q)", self.action_quit)
