"""The list of conversations: what is under the cursor stays under it while rows come, go and change places."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cwtch_tui.rows import ConversationRow


class ContactList(OptionList):
    """Conversations; Enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open")]

    def __init__(self) -> None:
        super().__init__(id="contacts", markup=False)
        self._rows: list[ConversationRow] = []
        self._drawn_width = 0

    def show(self, rows: list[ConversationRow]) -> None:
        """Shows these."""
        width = self._row_width
        if rows == self._rows and width == self._drawn_width:
            return
        same_order = [each.id for each in rows] == [each.id for each in self._rows]
        if same_order:
            for place, row in enumerate(rows):
                if row != self._rows[place] or width != self._drawn_width:
                    self.replace_option_prompt_at_index(place, row.draw(width))
        else:
            at = self.highlighted_option.id if self.highlighted_option else None
            self.set_options(Option(row.draw(width), id=str(row.id)) for row in rows)
            numbers = [str(row.id) for row in rows]
            self.highlighted = numbers.index(at) if at in numbers else 0 if rows else None
        self._rows, self._drawn_width = rows, width

    @property
    def _row_width(self) -> int:
        return max(12, self.scrollable_content_region.width or self.size.width)

    def on_resize(self, _event: events.Resize) -> None:
        """Draws for the new width."""
        self.show(list(self._rows))

    @property
    def at(self) -> int | None:
        """The conversation under the cursor."""
        option = self.highlighted_option
        return int(option.id) if option is not None and option.id else None

    def move_to(self, conversation: int) -> None:
        """Puts the cursor on a conversation."""
        numbers = [row.id for row in self._rows]
        if conversation in numbers:
            self.highlighted = numbers.index(conversation)
