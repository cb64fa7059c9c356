"""State: all that the interface knows of the daemon, as frozen values. Nothing here knows a terminal or a socket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from cwtch_client import Conversation, Message, Profile, TorStatus


class Daemon(Enum):
    """Whether the daemon answers."""

    AWAITED = "awaited"
    """not seen yet"""
    THERE = "there"
    GONE = "gone"
    """it was there, and is waited for"""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is loaded of a conversation, oldest first; `more` says that there are older messages."""

    messages: tuple[Message, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True)
class OpenProfile:
    """A profile that is open. `chosen` is the conversation on the right, `known` says whether the conversations were asked for."""

    profile: Profile
    known: bool = False
    conversations: Mapping[int, Conversation] = field(default_factory=dict)
    transcripts: Mapping[int, Transcript] = field(default_factory=dict)
    chosen: int | None = None

    @property
    def open(self) -> Conversation | None:
        """The conversation on the right."""
        return None if self.chosen is None else self.conversations.get(self.chosen)

    @property
    def transcript(self) -> Transcript | None:
        """What is loaded of the conversation on the right; None before its first page came."""
        return None if self.chosen is None else self.transcripts.get(self.chosen)

    @property
    def unread(self) -> int:
        """Messages that were not looked at, of all conversations but the blocked ones."""
        return sum(each.unread for each in self.conversations.values() if each.state != "blocked")

    @property
    def requests(self) -> int:
        """How many wait for a decision."""
        return sum(each.state == "pending" for each in self.conversations.values())


@dataclass(frozen=True, slots=True)
class State:
    """Everything. `shown` is the profile on the screen."""

    daemon: Daemon = Daemon.AWAITED
    tor: TorStatus | None = None
    profiles: Mapping[str, OpenProfile] = field(default_factory=dict)
    shown: str | None = None
    left_at: Mapping[str, int] = field(default_factory=dict)
    """which conversation was on the right when a profile was locked, to be there again when it is open"""
    trouble: str = ""
    """why the daemon is not there, in one sentence"""

    @property
    def there(self) -> bool:
        """Whether the daemon answers, so that what is known of connections holds."""
        return self.daemon is Daemon.THERE

    @property
    def place(self) -> OpenProfile | None:
        """The profile on the screen."""
        return None if self.shown is None else self.profiles.get(self.shown)


_ORDER = {"pending": 0, "accepted": 1, "blocked": 2}


def in_order(place: OpenProfile) -> list[Conversation]:
    """The conversations as they are listed: requests, then who was talked with last, then who is blocked."""
    return sorted(
        place.conversations.values(),
        key=lambda each: (_ORDER.get(each.state, 1), -(each.last_message_at or 0), each.id),
    )
