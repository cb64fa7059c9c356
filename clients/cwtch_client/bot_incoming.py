"""What a bot's handlers are given: a message that came, or a request to be a contact.

Rules: what a handler sends is named after the event and counted, so that a handler that is run again after a crash sends it once;
texts are in no repr.
"""

from cwtch_client.client import Client
from cwtch_client.errors import RpcError
from cwtch_client.model import Conversation, Message


class Occasion:
    """One run of one handler. `mark` is the same in each run for the same event; None where the event is never told again."""

    def __init__(self, client: Client, profile: str, mark: str | None) -> None:
        self.client = client
        self.profile = profile
        self._mark = mark
        self._sent = 0

    def send(self, conversation: int, text: str, reply_to: int | None = None) -> Message:
        """Queues a text, once for all runs of the handler."""
        self._sent += 1
        client_id = None if self._mark is None else f"{self._mark}:{self._sent}"
        return send_once(self.client, self.profile, conversation, text, reply_to, client_id)


def send_once(
    client: Client, profile: str, conversation: int, text: str, reply_to: int | None, client_id: str | None
) -> Message:
    """Queues a text, or returns what was queued under this name before, be it other words by now."""
    try:
        return client.message.send(
            profile=profile, conversation=conversation, text=text, reply_to=reply_to, client_id=client_id
        )
    except RpcError as refusal:
        known = refusal.data.get("message")
        if refusal.name != "already_exists" or not isinstance(known, int):
            raise
        return client.message.get(profile=profile, message=known)


class IncomingMessage:
    """A message with a text that a contact sent. `command` and `rest` are set where it was a command: its word, and what follows."""

    def __init__(self, occasion: Occasion, message: Message, command: str = "", rest: str = "") -> None:
        self._occasion = occasion
        self.message = message
        self.id = message.id
        self.conversation = message.conversation
        self.author = message.author
        self.received_at = message.received_at
        self.text = message.text or ""
        self.command = command
        self.rest = rest

    def __repr__(self) -> str:
        return f"IncomingMessage(id={self.id}, conversation={self.conversation})"

    def reply(self, text: str, *, quote: bool = False) -> Message:
        """Sends a text to the same conversation; with `quote`, as an answer to this message. It is sent once, however often
        the handler is run for this message.
        """
        return self._occasion.send(self.conversation, text, self.id if quote else None)

    def contact(self) -> Conversation:
        """The conversation as it is now, with the contact's name."""
        return self._occasion.client.conversation.get(
            profile=self._occasion.profile, conversation=self.conversation
        )


class ContactRequest:
    """Somebody who asks to be a contact. What they say with it comes as a message, behind this."""

    def __init__(self, occasion: Occasion, conversation: Conversation) -> None:
        self._occasion = occasion
        self.conversation = conversation.id
        self.address = conversation.address or ""
        self.state = conversation.state

    def __repr__(self) -> str:
        return f"ContactRequest(conversation={self.conversation}, state={self.state!r})"

    def accept(self) -> Conversation:
        """Says yes: both can write from now on."""
        client, profile = self._occasion.client, self._occasion.profile
        return client.contact.accept(profile=profile, conversation=self.conversation)

    def reject(self) -> None:
        """Says no: the request is deleted, and that address may ask again after 24 hours."""
        client, profile = self._occasion.client, self._occasion.profile
        client.contact.reject(profile=profile, conversation=self.conversation)

    def block(self) -> Conversation:
        """Turns that address away until it is unblocked."""
        client, profile = self._occasion.client, self._occasion.profile
        return client.contact.block(profile=profile, conversation=self.conversation)

    def say(self, text: str) -> Message:
        """Writes to a contact that was accepted; once, however often the handler is run for this request."""
        return self._occasion.send(self.conversation, text)
