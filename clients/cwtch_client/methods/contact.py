"""contact.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Conversation


class ContactMethods:
    """contact.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def add(
        self, *, profile: str, address: str, name: str | None = None, message: str | None = None
    ) -> Conversation:
        """Adds a contact and reaches for it; a request of theirs that waits is accepted by it.

        profile: a profile's onion: 56 characters, without .onion.
        address: 56 characters, with or without cwtch: before them.
        name: a name that only this side sees.
        message: a greeting, sent as the first message.
        Refused as: invalid_address, already_exists, message_too_large, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return self._asking.ask(
            Conversation, "contact.add", profile=profile, address=address, name=name, message=message
        )

    def get(self, *, profile: str, conversation: int) -> Conversation:
        """Shows a conversation with a contact.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Conversation, "contact.get", profile=profile, conversation=conversation)

    def accept(self, *, profile: str, conversation: int) -> Conversation:
        """Says yes to a request; from now on both can write.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Conversation, "contact.accept", profile=profile, conversation=conversation)

    def set(self, *, profile: str, conversation: int, name: str) -> Conversation:
        """Calls a contact something else; only this side sees the name.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        name: a name that only this side sees.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(
            Conversation, "contact.set", profile=profile, conversation=conversation, name=name
        )

    def reject(self, *, profile: str, conversation: int) -> None:
        """Deletes a request with its messages; that address may ask again after 24 hours.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, already_exists, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        self._asking.call("contact.reject", profile=profile, conversation=conversation)

    def block(self, *, profile: str, conversation: int) -> Conversation:
        """Turns a contact away until it is unblocked; what was said stays.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Conversation, "contact.block", profile=profile, conversation=conversation)

    def unblock(self, *, profile: str, conversation: int) -> Conversation:
        """Lets a blocked contact be again what it was before.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Conversation, "contact.unblock", profile=profile, conversation=conversation)

    def list(self, *, profile: str) -> list[Conversation]:
        """Lists all conversations with contacts: accepted, pending and blocked.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(list[Conversation], "contact.list", profile=profile)


class AsyncContactMethods:
    """contact.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def add(
        self, *, profile: str, address: str, name: str | None = None, message: str | None = None
    ) -> Conversation:
        """Adds a contact and reaches for it; a request of theirs that waits is accepted by it.

        profile: a profile's onion: 56 characters, without .onion.
        address: 56 characters, with or without cwtch: before them.
        name: a name that only this side sees.
        message: a greeting, sent as the first message.
        Refused as: invalid_address, already_exists, message_too_large, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return await self._asking.ask(
            Conversation, "contact.add", profile=profile, address=address, name=name, message=message
        )

    async def get(self, *, profile: str, conversation: int) -> Conversation:
        """Shows a conversation with a contact.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Conversation, "contact.get", profile=profile, conversation=conversation)

    async def accept(self, *, profile: str, conversation: int) -> Conversation:
        """Says yes to a request; from now on both can write.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "contact.accept", profile=profile, conversation=conversation
        )

    async def set(self, *, profile: str, conversation: int, name: str) -> Conversation:
        """Calls a contact something else; only this side sees the name.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        name: a name that only this side sees.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "contact.set", profile=profile, conversation=conversation, name=name
        )

    async def reject(self, *, profile: str, conversation: int) -> None:
        """Deletes a request with its messages; that address may ask again after 24 hours.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, already_exists, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        await self._asking.call("contact.reject", profile=profile, conversation=conversation)

    async def block(self, *, profile: str, conversation: int) -> Conversation:
        """Turns a contact away until it is unblocked; what was said stays.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "contact.block", profile=profile, conversation=conversation
        )

    async def unblock(self, *, profile: str, conversation: int) -> Conversation:
        """Lets a blocked contact be again what it was before.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            Conversation, "contact.unblock", profile=profile, conversation=conversation
        )

    async def list(self, *, profile: str) -> list[Conversation]:
        """Lists all conversations with contacts: accepted, pending and blocked.

        profile: a profile's onion: 56 characters, without .onion.
        Refused as: profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(list[Conversation], "contact.list", profile=profile)
