"""message.*, made by `make docs` from the API's description: change tools/generate_client.py, not this file."""

from cwtch_client.asking import Asking, AsyncAsking
from cwtch_client.model import Message, MessagePage


class MessageMethods:
    """message.*, with a Client."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def send(
        self,
        *,
        profile: str,
        conversation: int,
        text: str,
        reply_to: int | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Queues a text, durably: it is sent when the contact is there, however long that takes.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        reply_to: the message that it answers.
        client_id: the client's own name for it: sent again after a lost reply, it is stored once.
        Refused as: not_found, already_exists, blocked, not_accepted, message_too_large, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return self._asking.ask(
            Message,
            "message.send",
            profile=profile,
            conversation=conversation,
            text=text,
            reply_to=reply_to,
            client_id=client_id,
        )

    def get(self, *, profile: str, message: int) -> Message:
        """Shows a message.

        profile: a profile's onion: 56 characters, without .onion.
        message: a message's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(Message, "message.get", profile=profile, message=message)

    def retry(self, *, profile: str, message: int) -> Message:
        """Queues a failed message again; for one that waits, dials its contact at once.

        profile: a profile's onion: 56 characters, without .onion.
        message: a message's id.
        Refused as: not_found, blocked, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return self._asking.ask(Message, "message.retry", profile=profile, message=message)

    def list(
        self, *, profile: str, conversation: int, before: int | None = None, limit: int | None = None
    ) -> MessagePage:
        """Shows a page of a conversation, oldest first; the newest page where `before` is not given.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        before: only what stands before it; null: the newest.
        limit: so many at most.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return self._asking.ask(
            MessagePage,
            "message.list",
            profile=profile,
            conversation=conversation,
            before=before,
            limit=limit,
        )


class AsyncMessageMethods:
    """message.*, with an AsyncClient."""

    def __init__(self, asking: AsyncAsking) -> None:
        self._asking = asking

    async def send(
        self,
        *,
        profile: str,
        conversation: int,
        text: str,
        reply_to: int | None = None,
        client_id: str | None = None,
    ) -> Message:
        """Queues a text, durably: it is sent when the contact is there, however long that takes.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        reply_to: the message that it answers.
        client_id: the client's own name for it: sent again after a lost reply, it is stored once.
        Refused as: not_found, already_exists, blocked, not_accepted, message_too_large, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return await self._asking.ask(
            Message,
            "message.send",
            profile=profile,
            conversation=conversation,
            text=text,
            reply_to=reply_to,
            client_id=client_id,
        )

    async def get(self, *, profile: str, message: int) -> Message:
        """Shows a message.

        profile: a profile's onion: 56 characters, without .onion.
        message: a message's id.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(Message, "message.get", profile=profile, message=message)

    async def retry(self, *, profile: str, message: int) -> Message:
        """Queues a failed message again; for one that waits, dials its contact at once.

        profile: a profile's onion: 56 characters, without .onion.
        message: a message's id.
        Refused as: not_found, blocked, limit_exceeded, profile_locked, storage_failed, unauthorized.
        """
        return await self._asking.ask(Message, "message.retry", profile=profile, message=message)

    async def list(
        self, *, profile: str, conversation: int, before: int | None = None, limit: int | None = None
    ) -> MessagePage:
        """Shows a page of a conversation, oldest first; the newest page where `before` is not given.

        profile: a profile's onion: 56 characters, without .onion.
        conversation: a conversation's id.
        before: only what stands before it; null: the newest.
        limit: so many at most.
        Refused as: not_found, profile_locked, storage_failed, unauthorized, limit_exceeded.
        """
        return await self._asking.ask(
            MessagePage,
            "message.list",
            profile=profile,
            conversation=conversation,
            before=before,
            limit=limit,
        )
