"""The main screen: conversations on the left, the one that is open on the right.

Rules: it shows a State and keeps only what is the person's own: drafts, the place where reading stopped, the cursor. A
conversation is marked read only while its newest message is in view of somebody.
"""

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static

from cwtch_cli.connect import called
from cwtch_client import Conversation
from cwtch_tui import bars
from cwtch_tui.contact_list import ContactList
from cwtch_tui.drafts import Draft, Drafts, Key
from cwtch_tui.fields import Composer
from cwtch_tui.rows import conversation_rows, message_rows
from cwtch_tui.state import OpenProfile, State, in_order
from cwtch_tui.text import one_line
from cwtch_tui.transcript_view import TranscriptView

if TYPE_CHECKING:
    from cwtch_tui.app import CwtchApp


class MainScreen(Screen[None]):
    """Everything that is always there."""

    AUTO_FOCUS = ""  # what is there is known only after the first State
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.add", "Add"),
        Binding("b", "app.block", "Block", show=False),
        Binding("p", "app.profiles", "Profiles"),
        Binding("n", "app.new_profile", "New profile", show=False),
        Binding("u", "app.unlock", "Unlock", show=False),
        Binding("l", "app.lock", "Lock", show=False),
        Binding("ctrl+n", "next_new", "Next new", show=False),
        Binding("ctrl+t", "app.reset_tor", "New circuits", show=False),
        Binding("escape", "to_list", "List", show=False),
        Binding("question_mark", "app.help", "Help", key_display="?"),
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._state = State()
        self._drafts = Drafts()
        self._first_new: dict[Key, int | None] = {}
        self._written_in: Key | None = None
        self._reading: set[Key] = set()

    @property
    def cwtch(self) -> "CwtchApp":
        """The app, by its type."""
        return cast("CwtchApp", self.app)

    def compose(self) -> ComposeResult:
        """The bars and the two halves."""
        yield Static(id="top")
        yield Static(id="notice")
        with Horizontal(id="halves"):
            yield ContactList()
            with Vertical(id="right"):
                yield Static(id="head")
                yield TranscriptView()
                yield Static(id="empty")
                yield Static(id="hint")
                yield Composer()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Shows what happened before there was a screen."""
        self.cwtch.draw()

    def on_resize(self) -> None:
        """Draws the bars for the new width."""
        self.cwtch.draw()

    # --- drawing -------------------------------------------------------------------------------------------------

    def show(self, state: State, now: int) -> None:
        """Draws what is new."""
        if not self.query(ContactList):
            return  # it is being taken down
        before, self._state = self._state, state
        place = state.place
        opened = place.open if place is not None else None
        self.query_one("#top", Static).update(bars.top(state, self.size.width))
        notice = self.query_one("#notice", Static)
        notice.display = not state.there and bool(state.trouble)
        notice.update(bars.notice(state))
        contacts = self.query_one(ContactList)
        contacts.display = bool(place and place.conversations)
        contacts.show(conversation_rows(state, now))
        self._show_conversation(place, opened, now)
        self._settle_focus(before)
        self.refresh_bindings()
        self.call_after_refresh(self.read_what_is_seen)

    def _show_conversation(self, place: OpenProfile | None, opened: Conversation | None, now: int) -> None:
        transcript = place.transcript if place is not None else None
        empty = self.query_one("#empty", Static)
        empty.update(bars.empty(self._state))
        empty.display = opened is None or (transcript is not None and not transcript.messages)
        head, view = self.query_one("#head", Static), self.query_one(TranscriptView)
        head.display = opened is not None
        view.display = opened is not None and not empty.display
        self._keep_draft(place, opened)
        if place is None or opened is None:
            return
        head.update(bars.head(opened, now, there=self._state.there))
        if transcript is not None:
            key = (place.profile.id, opened.id)
            self._note_first_new(key, place, opened)
            rows = message_rows(transcript, opened, self._first_new.get(key), now)
            view.show(key, rows, more=transcript.more)

    def _note_first_new(self, key: Key, place: OpenProfile, opened: Conversation) -> None:
        """Where the new ones begin, if there are any that nobody is looking at."""
        transcript = place.transcript
        if transcript is None or self._first_new.get(key) is not None or not opened.unread:
            return
        if self._written_in == key and self.in_sight:
            return
        incoming = [each.id for each in transcript.messages if not each.outgoing]
        if len(incoming) >= opened.unread:
            self._first_new[key] = incoming[-opened.unread]

    # --- drafts --------------------------------------------------------------------------------------------------

    def _keep_draft(self, place: OpenProfile | None, opened: Conversation | None) -> None:
        key = None if place is None or opened is None else (place.profile.id, opened.id)
        composer = self.query_one(Composer)
        writable = opened is not None and opened.state == "accepted"
        composer.display = writable
        if key != self._written_in:
            if self._written_in is not None:
                self._drafts.of(self._written_in).text = composer.text
            self._written_in = key
            self._load(key)
        if opened is not None:
            composer.write_to(one_line(called(opened)))
        hint = self.query_one("#hint", Static)
        hint.update(bars.hint(place, opened, None if key is None else self._drafts.of(key).reply_to))
        hint.display = bool(str(hint.content))

    def _load(self, key: Key | None) -> None:
        draft = Draft() if key is None else self._drafts.of(key)
        composer = self.query_one(Composer)
        composer.load_text(draft.text)
        composer.move_cursor(composer.document.end)

    @on(Composer.Sent)
    def _send(self, sent: Composer.Sent) -> None:
        key = self._written_in
        if key is None:
            return
        draft = self._drafts.take(key, sent.text)
        self._first_new[key] = None
        self.query_one(Composer).load_text("")
        self.query_one(TranscriptView).follow()
        work = self.cwtch.deeds.send(*key, sent.text, draft.reply_to, draft.client_id)
        self.cwtch.do(work, lambda sentence: self._unsent(key, draft, sentence))
        self.cwtch.draw()

    def _unsent(self, key: Key, draft: Draft, sentence: str) -> None:
        here = self._written_in == key
        self._drafts.put_back(
            key, draft, self.query_one(Composer).text if here else self._drafts.of(key).text
        )
        if here:
            self._load(key)
        self.cwtch.complain(sentence)
        self.cwtch.draw()

    # --- reading -------------------------------------------------------------------------------------------------

    @property
    def in_sight(self) -> bool:
        """Whether somebody looks at the newest message."""
        view = self.query_one(TranscriptView)
        return self.app.app_focus and self.app.screen is self and view.display and view.at_end

    def read_what_is_seen(self) -> None:
        """Marks the open conversation read, where its newest message is in view."""
        place = self._state.place
        opened = place.open if place is not None else None
        if place is None or opened is None or not opened.unread or not self._state.there or not self.in_sight:
            return
        key = (place.profile.id, opened.id)
        if place.transcript is None or key in self._reading:
            return
        self._reading.add(key)
        self.cwtch.do(self._read(key), self.cwtch.complain)

    async def _read(self, key: Key) -> None:
        await self.cwtch.deeds.change("conversation.mark_read", *key)
        self._reading.discard(key)  # after a refusal it is not tried again by itself

    @on(TranscriptView.Moved)
    def _moved(self) -> None:
        self.read_what_is_seen()

    def on_screen_resume(self) -> None:
        """A dialog was closed."""
        self.call_after_refresh(self.read_what_is_seen)

    @on(TranscriptView.OlderWanted)
    def _older(self) -> None:
        place = self._state.place
        if place is not None and place.chosen is not None and place.transcript and place.transcript.messages:
            self.cwtch.load(place.profile.id, place.chosen, place.transcript.messages[0].id)

    @property
    def at(self) -> int | None:
        """The conversation that is meant: under the cursor of the list, or the one on the right."""
        contacts, place = self.query_one(ContactList), self._state.place
        if self.focused is contacts or place is None or place.chosen is None:
            return contacts.at
        return place.chosen

    # --- moving --------------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected, "#contacts")
    def _open(self) -> None:
        at = self.query_one(ContactList).at
        if at is not None:
            self.open(at)

    def open(self, conversation: int) -> None:
        """Shows a conversation, and asks what to do with a request."""
        place = self.cwtch.state.place
        opened = place.conversations.get(conversation) if place is not None else None
        if place is None or opened is None:
            return
        key = (place.profile.id, conversation)
        if place.chosen != conversation:
            self._first_new.pop(key, None)
        self._reading.discard(key)
        self.cwtch.choose(conversation)
        self.query_one(ContactList).move_to(conversation)
        if opened.state == "pending":
            self.cwtch.ask_about(opened)
        else:
            self.write()

    def write(self) -> None:
        """Takes what is typed for the conversation on the right, at once: it must not be taken for commands."""
        place = self.cwtch.state.place
        if place is not None and place.open is not None and place.open.state == "accepted":
            composer = self.query_one(Composer)
            composer.display = True
            self.set_focus(composer)

    def action_to_list(self) -> None:
        """Takes back a reply that was begun, else goes to the list."""
        if self._written_in is not None and self._drafts.of(self._written_in).reply_to is not None:
            self._drafts.of(self._written_in).reply_to = None
            self.cwtch.draw()
        else:
            self.query_one(ContactList).focus()

    def action_next_new(self) -> None:
        """Opens the next conversation with something new, or the next request."""
        place = self._state.place
        if place is None:
            return
        order = [each for each in in_order(place) if each.state != "blocked"]
        numbers = [each.id for each in order]
        start = numbers.index(place.chosen) + 1 if place.chosen in numbers else 0
        for each in order[start:] + order[:start]:
            if (each.unread or each.state == "pending") and each.id != place.chosen:
                self.open(each.id)
                return

    def _settle_focus(self, before: State) -> None:
        """Gives the keys a place where what had them is gone."""
        if self.focused is not None and self.focused.display:
            if before.shown is not None and before.shown != self._state.shown:
                self.query_one(ContactList).focus()
            return
        contacts = self.query_one(ContactList)
        self.set_focus(contacts if contacts.display else None)

    # --- messages ------------------------------------------------------------------------------------------------

    @on(OptionList.OptionSelected, "#transcript")
    def _reply(self) -> None:
        at = self.query_one(TranscriptView).at
        composer = self.query_one(Composer)
        if at is not None and self._written_in is not None and composer.display:
            self._drafts.of(self._written_in).reply_to = at
            self.write()
            self.cwtch.draw()

    @on(TranscriptView.TryAgain)
    def _try_again(self, event: TranscriptView.TryAgain) -> None:
        place = self._state.place
        transcript = place.transcript if place is not None else None
        found = (
            next((each for each in transcript.messages if each.id == event.message), None)
            if transcript
            else None
        )
        if place is None or found is None or not found.outgoing or found.state == "delivered":
            self.cwtch.complain("Only a message of yours that did not arrive can be tried again.")
            return
        self.cwtch.do(self.cwtch.deeds.retry(place.profile.id, found.id), self.cwtch.complain)
