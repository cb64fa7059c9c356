"""conversation.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Conversation


class ConversationMethods:
    """conversation.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def get(self, *, profile: str, conversation: int) -> Conversation:
        """Shows a conversation with a contact.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Conversation, "conversation.get", profile=profile, conversation=conversation)

    def mark_read(self, *, profile: str, conversation: int) -> Conversation:
        """Marks all of a conversation read.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(
            Conversation, "conversation.mark_read", profile=profile, conversation=conversation
        )

    def list(self, *, profile: str) -> list[Conversation]:
        """Lists all conversations with contacts: accepted, pending and blocked.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[Conversation], "conversation.list", profile=profile)


class AsyncConversationMethods:
    """conversation.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def get(self, *, profile: str, conversation: int) -> Conversation:
        """Shows a conversation with a contact.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "conversation.get", profile=profile, conversation=conversation
        )

    async def mark_read(self, *, profile: str, conversation: int) -> Conversation:
        """Marks all of a conversation read.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "conversation.mark_read", profile=profile, conversation=conversation
        )

    async def list(self, *, profile: str) -> list[Conversation]:
        """Lists all conversations with contacts: accepted, pending and blocked.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[Conversation], "conversation.list", profile=profile)
