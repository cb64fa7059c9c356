"""Rows: what a list shows of a conversation or a message, as values that can be compared, and drawn.

Rules: a row holds only what is drawn of it, so that equal rows need no new drawing; everything in it is safe to draw.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Column, Table
from rich.text import Text

from cwtch_cli.connect import called
from cwtch_client import Conversation, Message
from cwtch_tui import words
from cwtch_tui.state import State, Transcript, in_order
from cwtch_tui.text import one_line, shortened, shown
from cwtch_tui.words import Standing

_STYLES = {"good": "green", "warn": "yellow", "bad": "#ff8080", "quiet": "dim", "": ""}
_QUOTED = 60
_TIME_CELLS = 6
_GAP = 2


def style(standing: Standing) -> str:
    """How a standing is coloured, where there are colours."""
    return _STYLES[standing.style]


# --- conversations ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A line with the name and what is new, and a line with how it stands."""

    id: int
    name: str
    new: str
    standing: Standing
    chosen: bool

    def draw(self, width: int) -> Text:
        """The row in `width` cells."""
        bar = "▌" if self.chosen else " "
        name = Text(self.name, style="bold" if self.new or self.chosen else "")
        room = width - 3 - (cell_len(self.new) + 1 if self.new else 0)
        name.truncate(max(1, room), overflow="ellipsis", pad=True)
        first = Text.assemble(bar, (self.standing.mark, style(self.standing)), " ", name)
        if self.new:
            first.append(f" {self.new}", "bold yellow")
        second = Text.assemble(bar, "  ", (self.standing.words, style(self.standing)))
        second.truncate(width, overflow="ellipsis", pad=True)
        return Text("\n", no_wrap=True, overflow="crop").join([first, second])


def conversation_rows(state: State, now: int) -> list[ConversationRow]:
    """The rows of the profile on the screen."""
    place = state.place
    if place is None:
        return []
    return [
        ConversationRow(
            each.id,
            one_line(called(each)),
            f"{each.unread} new" if each.unread and each.state != "blocked" else "",
            words.connection(each, now, daemon_there=state.there),
            each.id == place.chosen,
        )
        for each in in_order(place)
    ]


# --- messages --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message with its time, under its headings: the day, where the new ones begin, who wrote."""

    id: int
    day: str
    first_new: bool
    heading: str
    at: str
    quote: str
    body: str
    standing: Standing | None
    outgoing: bool

    def draw(self) -> RenderableType:
        """The row, as wide as there is room."""
        parts: list[RenderableType] = []
        if self.day:
            parts.append(Text(f"── {self.day} ──", style="dim", justify="center"))
        if self.first_new:
            parts.append(Text("── new ──", style="bold yellow", justify="center"))
        if self.heading:
            parts.append(Text(self.heading, "bold cyan" if self.outgoing else "bold"))
        grid = Table.grid(Column(width=_TIME_CELLS), Column(ratio=1, overflow="fold"), expand=True)
        if self.quote:
            grid.add_row("", Text(f"│ {self.quote}", style="dim"))
        grid.add_row(Text(self.at, "dim"), _Body(self.body, self.standing))
        return Group(*parts, grid)


@dataclass(frozen=True, slots=True)
class _Body:
    """What was said, and how far it came: behind it where there is room, else below."""

    text: str
    standing: Standing | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = Text(self.text, overflow="fold").wrap(console, options.max_width)
        yield from lines[:-1]
        last = lines[-1] if lines else Text()
        if self.standing is not None:
            told = Text(f"{self.standing.mark} {self.standing.words}", style(self.standing))
            last.rstrip()
            if last and last.cell_len + told.cell_len + _GAP > options.max_width:
                yield last
                last = told
            else:
                last = Text.assemble(last, " " * _GAP, told) if last else told
        yield last


def message_rows(
    transcript: Transcript, conversation: Conversation, first_new: int | None, now: int
) -> list[MessageRow]:
    """The rows of a conversation, oldest first."""
    return list(_message_rows(transcript.messages, conversation, first_new, now))


def _message_rows(
    messages: Sequence[Message],
    conversation: Conversation,
    first_new: int | None,
    now: int,
) -> Iterator[MessageRow]:
    by_id = {each.id: each for each in messages}
    today = words.day(now)
    before: Message | None = None
    for each in messages:
        at = when(each)
        new_day = before is None or words.day(when(before)) != words.day(at)
        apart = before is None or before.outgoing != each.outgoing
        who = "you" if each.outgoing else one_line(called(conversation))
        yield MessageRow(
            id=each.id,
            day=words.day_name(words.day(at), today) if new_day else "",
            first_new=each.id == first_new,
            heading=who if new_day or apart or each.id == first_new else "",
            at=words.clock(at),
            quote=_quote(each, by_id),
            body=body(each),
            standing=words.delivery(each, conversation) if each.outgoing else None,
            outgoing=each.outgoing,
        )
        before = each


def when(message: Message) -> int:
    """When a message was written here, or came here."""
    return (message.sent_at if message.outgoing else message.received_at or message.sent_at) or 0


def body(message: Message) -> str:
    """What a message says, safe to draw."""
    if message.text is None:
        return f"(a kind of message that can't be shown here yet: overlay {message.overlay})"
    return shown(message.text)


def _quote(message: Message, by_id: dict[int, Message]) -> str:
    if message.reply_to is None:
        return ""
    quoted = by_id.get(message.reply_to)
    return (
        "an earlier message" if quoted is None else shortened(one_line(quoted.text or body(quoted)), _QUOTED)
    )
