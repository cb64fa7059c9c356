"""What can happen to a State: each a frozen value that `reduce` understands."""

from dataclasses import dataclass
from typing import TypeAlias

from cwtch_client import Conversation, Event, Message, MessagePage, Profile, TorStatus


@dataclass(frozen=True, slots=True)
class DaemonLost:
    """The daemon does not answer; nothing that was known of connections holds any more. `why` is a sentence."""

    why: str


@dataclass(frozen=True, slots=True)
class DaemonFound:
    """The daemon answers, with these profiles open."""

    tor: TorStatus
    profiles: list[Profile]


@dataclass(frozen=True, slots=True)
class ProfileOpened:
    """A profile was made or unlocked."""

    profile: Profile


@dataclass(frozen=True, slots=True)
class ProfileClosed:
    """A profile was locked."""

    profile: str


@dataclass(frozen=True, slots=True)
class ProfileShown:
    """The person switched to this profile."""

    profile: str


@dataclass(frozen=True, slots=True)
class ConversationsListed:
    """All conversations of a profile, as they are now. What was loaded of them may have gaps, and is asked for again."""

    profile: str
    conversations: list[Conversation]


@dataclass(frozen=True, slots=True)
class ConversationTold:
    """One conversation, as it is now."""

    profile: str
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class ConversationGone:
    """A conversation was deleted."""

    profile: str
    conversation: int


@dataclass(frozen=True, slots=True)
class ConversationChosen:
    """The person opened a conversation, or closed it (None)."""

    profile: str
    conversation: int | None


@dataclass(frozen=True, slots=True)
class PageLoaded:
    """A page of messages: the newest, or that before a message."""

    profile: str
    conversation: int
    before: int | None
    page: MessagePage


@dataclass(frozen=True, slots=True)
class MessageTold:
    """One message, as it is now."""

    profile: str
    message: Message


@dataclass(frozen=True, slots=True)
class EventTold:
    """An event of a profile's log, or a live one."""

    event: Event


InProfile: TypeAlias = (
    ConversationsListed | ConversationTold | ConversationGone | ConversationChosen | PageLoaded | MessageTold
)
"""What happens in one profile."""

Happening: TypeAlias = (
    DaemonLost | DaemonFound | ProfileOpened | ProfileClosed | ProfileShown | EventTold | InProfile
)
