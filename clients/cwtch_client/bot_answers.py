"""Answers: a bot's handlers, and which of them an event calls.

Rules: a command's word is looked for before plain messages; what is gone by the time it is read calls nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cwtch_client.bot_incoming import ContactRequest, IncomingMessage, Occasion
from cwtch_client.model import Event, Message

_MARKS = "/!"

Handler = Callable[..., Any]
Bound = tuple[Handler, Callable[[Occasion], Any]]
"""A handler, and the call of it that an event makes."""


@dataclass
class Answers:
    """The handlers of a bot, in the order in which they were named."""

    messages: list[Handler] = field(default_factory=list)
    requests: list[Handler] = field(default_factory=list)
    commands: dict[str, Handler] = field(default_factory=dict)
    events: list[tuple[str, Handler]] = field(default_factory=list)
    ticks: list[tuple[float, Handler]] = field(default_factory=list)

    def to(self, event: Event) -> list[Bound]:
        """The calls that an event makes."""
        calls: list[Bound] = [
            (handler, partial(_call_with, handler, event))
            for type_, handler in self.events
            if type_ == event.type
        ]
        if event.type == "message.received":
            message = event.message()
            if message is not None and message.text is not None and not message.outgoing:
                calls += self._to_message(message)
        elif event.type == "contact.requested":
            conversation = event.conversation()
            if conversation is not None and conversation.state != "blocked":
                calls += [(handler, partial(_request, handler, conversation)) for handler in self.requests]
        return calls

    def _to_message(self, message: Message) -> list[Bound]:
        first, _, rest = (message.text or "").strip().partition(" ")
        word = first[1:].lower() if first[:1] in tuple(_MARKS) else first.lower()
        if word in self.commands:
            handler = self.commands[word]
            return [(handler, partial(_command, handler, message, word, rest.strip()))]
        if word == "help" and self.commands:
            return [(self.help, partial(_command, self.help, message, word, rest.strip()))]
        return [(handler, partial(_message, handler, message)) for handler in self.messages]

    def help(self, message: IncomingMessage) -> None:
        """Says this."""
        about = {**self.commands, "help": self.commands.get("help", self.help)}
        lines = [f"{word}: {_first_line(handler)}".removesuffix(": ") for word, handler in about.items()]
        message.reply("\n".join(lines))


def _first_line(handler: Handler) -> str:
    return (handler.__doc__ or "").strip().partition("\n")[0]


def _call_with(handler: Handler, event: Event, occasion: Occasion) -> Any:  # noqa: ARG001 - every call has one
    return handler(event)


def _message(handler: Handler, message: Message, occasion: Occasion) -> Any:
    return handler(IncomingMessage(occasion, message))


def _command(handler: Handler, message: Message, word: str, rest: str, occasion: Occasion) -> Any:
    return handler(IncomingMessage(occasion, message, word, rest))


def _request(handler: Handler, conversation: Any, occasion: Occasion) -> Any:
    return handler(ContactRequest(occasion, conversation))
