"""Drafts: what is being written, by conversation, for as long as the interface runs."""

from dataclasses import dataclass, field
from uuid import uuid4

Key = tuple[str, int]
"""A profile and a conversation of it."""


def _new_id() -> str:
    return uuid4().hex


@dataclass
class Draft:
    """A text and what it answers. It is sent under `client_id`, so that to send it again after a lost answer is the same message."""

    text: str = ""
    reply_to: int | None = None
    client_id: str = field(default_factory=_new_id)


class Drafts:
    """All of them."""

    def __init__(self) -> None:
        self._kept: dict[Key, Draft] = {}

    def of(self, key: Key) -> Draft:
        """That of a conversation, empty where nothing was begun."""
        return self._kept.setdefault(key, Draft())

    def take(self, key: Key, text: str) -> Draft:
        """The draft as it is sent now; the next one begins empty."""
        draft = self.of(key)
        if draft.text != text:
            draft = Draft(text, draft.reply_to)  # another text is another message
        self._kept[key] = Draft()
        return draft

    def put_back(self, key: Key, draft: Draft, begun: str) -> None:
        """What could not be sent stands where it was written, before what was begun since."""
        self._kept[key] = Draft(f"{draft.text}\n{begun}", draft.reply_to) if begun else draft
