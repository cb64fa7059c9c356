"""Dialog: a screen over the main one, for one question. What goes wrong is said in it, and what was typed stays."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

from cwtch_client import ClientError
from cwtch_tui.text import one_line


class Dialog(ModalScreen[bool]):
    """`heading` and `body` are a subclass's; `do` has something done and closes the dialog when it is.

    Its result says whether anything was done.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]
    AUTO_FOCUS = "Input, Button"
    heading = ""

    def __init__(self) -> None:
        super().__init__()
        self._busy = False

    def body(self) -> ComposeResult:
        """What stands between the heading and what goes wrong."""
        raise NotImplementedError

    def on_screen_resume(self) -> None:
        """Nothing that was said before covers what is said here."""
        self.app.clear_notifications()

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        with VerticalScroll(id="dialog", can_focus=False) as frame:
            frame.border_title = Text(self.heading)  # a Text is not read as markup
            frame.border_subtitle = "Esc closes"
            yield from self.body()

    def say(self, sentence: str, style: str = "") -> None:
        """Shows a sentence at the place for it."""
        said = self.query_one("#said", Static)
        said.update(Text(one_line(sentence), style))
        said.display = bool(sentence)

    def do(self, work: Coroutine[Any, Any, object], meanwhile: str) -> None:
        """Has something done, once; says what went wrong, else closes."""
        if self._busy:
            work.close()  # it was asked for twice
            return
        self._busy = True
        self.say(meanwhile)
        self.run_worker(self._doing(work))

    async def _doing(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except ClientError as error:
            self._busy = False
            self.say(f"! {error}", "bold red")
        else:
            self.dismiss(True)

    def action_close(self) -> None:
        """Changes nothing."""
        self.dismiss(False)


def said() -> Static:
    """The place for what is to be said."""
    made = Static(id="said")
    made.display = False
    return made


def labelled(text: str) -> Label:
    """A field's name."""
    return Label(Text(text), classes="label")


class Confirm(Dialog):
    """A question with one thing to do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "Yes"), Binding("n", "close", "No")]

    def __init__(
        self, heading: str, question: str, yes: str, work: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        super().__init__()
        self.heading = heading
        self._question = question
        self._yes = yes
        self._work = work

    def body(self) -> ComposeResult:
        """The question and its two answers."""
        yield Static(Text(self._question), classes="words")
        with Horizontal(classes="buttons"):
            yield Button(Text(f"[y] {self._yes}"), id="yes", compact=True)
            yield Button(Text("[n] No"), id="no", compact=True)
        yield said()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """One of the two."""
        if event.button.id == "yes":
            self.action_yes()
        else:
            self.action_close()

    def action_yes(self) -> None:
        """Has it done."""
        if not self._busy:
            self.do(self._work(), "…")
