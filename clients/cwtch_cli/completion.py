"""Completion: what the shell offers for a profile, a conversation, a server or an event's type, as the daemon tells it.

Rules: a shell must not wait: the daemon has a second to answer, and any failure offers nothing and says nothing. Only words that
no shell reads as anything else are offered, since some shells put them on the line as they are.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from cwtch_cli.connect import Invocation, called
from cwtch_cli.output import short, visible
from cwtch_client import ClientError, Conversation, Hosted, Profile, Server, convert

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SECONDS = 1.0
_PLAIN = re.compile(r"[\w@%+=.][\w@%+=.-]*")
"""No quote, blank, variable, pattern or separator; no option either."""


def profiles(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The open profiles, by name."""
    return _offered(context, begun, _profiles)


def conversations(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The profile's conversations, by petname, or by id where one has none that a shell can take."""
    return _offered(context, begun, _conversations)


def servers(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The servers that the profile uses, by id."""
    return _offered(context, begun, _servers)


def hosted_servers(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The servers that the daemon runs, by id."""
    return _offered(context, begun, _hosted_servers)


def event_types(context: click.Context, _parameter: click.Parameter, begun: str) -> "list[CompletionItem]":
    """The types of events that the daemon knows."""
    return _offered(context, begun, lambda invocation: ((name, None) for name in known_events(invocation)))


def known_events(invocation: Invocation) -> list[str]:
    """The types of events that the daemon's own description lists."""
    described: Any = invocation.call("rpc.discover")
    return sorted(described.get("x-events", ()))


def _profiles(invocation: Invocation) -> Iterable[tuple[str, str | None]]:
    for each in convert(invocation.call("profile.list"), list[Profile]):
        yield (each.name if _PLAIN.fullmatch(each.name) else each.id), None


def _conversations(invocation: Invocation) -> Iterable[tuple[str, str | None]]:
    every = convert(invocation.call_on_profile("conversation.list"), list[Conversation])
    names = [each.name for each in every]
    for each in every:
        if names.count(each.name) == 1 and _PLAIN.fullmatch(each.name):
            yield each.name, each.state
        else:
            yield str(each.id), visible(called(each))


def _servers(invocation: Invocation) -> Iterable[tuple[str, str | None]]:
    for each in convert(invocation.call_on_profile("server.list"), list[Server]):
        yield str(each.id), visible(short(each.onion))


def _hosted_servers(invocation: Invocation) -> Iterable[tuple[str, str | None]]:
    for each in convert(invocation.call("hosting.list"), list[Hosted]):
        yield each.id, visible(each.description or each.state)


def _offered(context: click.Context, begun: str, words: Any) -> "list[CompletionItem]":
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell needs it

    invocation = context.ensure_object(Invocation)
    invocation.seconds = _SECONDS
    try:
        return [
            CompletionItem(word, help=about) for word, about in words(invocation) if word.startswith(begun)
        ]
    except (ClientError, click.ClickException, OSError):
        return []
