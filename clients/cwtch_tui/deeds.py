"""Deeds: what the person may have the daemon do. Each calls it, tells what came of it, and raises ClientError where it refuses."""

from collections.abc import Callable

from cwtch_client import AsyncClient, Conversation, Message, MessagePage, Profile
from cwtch_tui import happenings as h

PAGE = 50


class Deeds:
    """`happen` is told what the answers say."""

    def __init__(self, client: AsyncClient, happen: Callable[[h.Happening], None]) -> None:
        self._client = client
        self._happen = happen

    # --- profiles ------------------------------------------------------------------------------------------------

    async def create(self, name: str, password: str) -> None:
        """Makes a profile and shows it."""
        made = await self._client.ask(Profile, "profile.create", name=name, password=password)
        self._happen(h.ProfileOpened(made))
        self._happen(h.ProfileShown(made.id))

    async def unlock(self, password: str, known: frozenset[str]) -> int:
        """Opens what the password fits, and shows the first that was not open before; returns how many were not."""
        opened = await self._client.ask(list[Profile], "profile.unlock", password=password)
        for each in opened:
            self._happen(h.ProfileOpened(each))
        new = [each.id for each in opened if each.id not in known]
        if new:
            self._happen(h.ProfileShown(new[0]))
        return len(new)

    async def lock(self, profile: str) -> None:
        """Closes a profile."""
        await self._client.call("profile.lock", profile=profile)
        self._happen(h.ProfileClosed(profile))

    async def reset_tor(self) -> None:
        """Asks for new circuits."""
        await self._client.call("tor.reset")

    # --- contacts ------------------------------------------------------------------------------------------------

    async def add(self, profile: str, address: str, name: str, greeting: str) -> None:
        """Adds a contact and opens the conversation; for a request that waits it is a yes, with a name."""
        made = await self._client.ask(
            Conversation,
            "contact.add",
            profile=profile,
            address=address,
            name=name or None,
            message=greeting or None,
        )
        self._happen(h.ConversationTold(profile, made))
        self._happen(h.ConversationChosen(profile, made.id))

    async def change(self, method: str, profile: str, conversation: int) -> None:
        """contact.accept, block, unblock and conversation.mark_read: the answer is the conversation."""
        changed = await self._client.ask(Conversation, method, profile=profile, conversation=conversation)
        self._happen(h.ConversationTold(profile, changed))

    async def reject(self, profile: str, conversation: int) -> None:
        """Deletes a request with its messages."""
        await self._client.call("contact.reject", profile=profile, conversation=conversation)
        self._happen(h.ConversationGone(profile, conversation))

    # --- messages ------------------------------------------------------------------------------------------------

    async def load(self, profile: str, conversation: int, before: int | None) -> MessagePage:
        """A page of messages: the newest, or that before a message."""
        page = await self._client.ask(
            MessagePage, "message.list", profile=profile, conversation=conversation, before=before, limit=PAGE
        )
        self._happen(h.PageLoaded(profile, conversation, before, page))
        return page

    async def send(
        self, profile: str, conversation: int, text: str, reply_to: int | None, client_id: str
    ) -> None:
        """Queues a text. With the same `client_id` it is queued once, however often it is sent."""
        queued = await self._client.ask(
            Message,
            "message.send",
            profile=profile,
            conversation=conversation,
            text=text,
            reply_to=reply_to,
            client_id=client_id,
        )
        self._happen(h.MessageTold(profile, queued))

    async def retry(self, profile: str, message: int) -> None:
        """Queues a failed message again, or dials at once for one that waits."""
        tried = await self._client.ask(Message, "message.retry", profile=profile, message=message)
        self._happen(h.MessageTold(profile, tried))
