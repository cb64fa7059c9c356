"""`cwtch event …` and `cwtch watch`: the log of a profile, read or followed."""

import json
import sys

import click

from cwtch_cli import completion
from cwtch_cli.command import Noun, Verb, takes_profile
from cwtch_cli.connect import Invocation, called
from cwtch_cli.message import shown_text
from cwtch_cli.output import moment, short, state_word
from cwtch_client import (
    BadAnswer,
    Conversation,
    Event,
    EventPage,
    Hosted,
    Server,
    ServerConnection,
    TorStatus,
    convert,
)

_MOST_CHARACTERS = 200


@click.group("event", cls=Noun)
def event() -> None:
    """What happened to a profile, in order."""


@event.command("list")
@click.option(
    "--after", type=click.IntRange(0), default=0, metavar="SEQ", help="The last event that you know of."
)
@click.option("--limit", type=click.IntRange(1, 1000), metavar="N", help="So many at most.")
@takes_profile
@click.pass_obj
def list_(invocation: Invocation, after: int, limit: int | None) -> None:
    """Show a page of the profile's log."""
    result = invocation.call_on_profile("event.list", after=after, limit=limit)

    def view(page: EventPage) -> None:
        invocation.output.rows(
            ("SEQ", "TIME", "TYPE", "WHAT"),
            [(str(each.seq), moment(each.at), each.type, summary(invocation, each)) for each in page.events],
            "Nothing happened since.",
        )

    invocation.show(result, lambda: view(convert(result, EventPage)))


@click.command("watch", cls=Verb)
@click.option(
    "--after",
    type=click.IntRange(0),
    metavar="SEQ",
    help="Begin behind this event; 0 is the log's beginning.",
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N events.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    shell_complete=completion.event_types,
    help="Only events of this type; may be repeated.",
)
@click.option("--daemon", is_flag=True, help="Watch the daemon and its Tor instead of a profile.")
@takes_profile
@click.pass_obj
def watch(
    invocation: Invocation, after: int | None, count: int | None, types: tuple[str, ...], daemon: bool
) -> None:
    """Follow events as they happen, one line each.

    Where the daemon goes away, or the profile is locked, it waits and goes on where it was: an event of the log is shown once.
    """
    profile = None if daemon else invocation.profile_id()
    left = count

    def lost() -> None:
        invocation.close()
        print(
            "cwtch: The daemon or the profile is gone for now: waiting for it.", file=sys.stderr, flush=True
        )

    # What the daemon refuses of it can be told only to whoever notes what was asked.
    invocation.asked = ("event.subscribe", {"after": after, "types": list(types) or None})
    for raw in invocation.client.raw_events(profile, after, types or None, lost=lost):
        if invocation.json:
            invocation.output.json(raw, one_line=True)
        else:
            told = convert(raw, Event)
            seq = "-" if told.seq is None else str(told.seq)
            invocation.output.line(
                f"{moment(told.at)}  {seq:>5}  {told.type:<20}  {summary(invocation, told)}"
            )
        if left is not None:
            left -= 1
            if left == 0:
                return


def summary(invocation: Invocation, told: Event) -> str:
    """One line of what an event tells, for a person."""
    try:
        if (found := told.message()) is not None:
            name = invocation.name_of(found.conversation)
            return f"#{found.id} {f'to {name}' if found.outgoing else f'from {name}'}: {shown_text(found)}"
        if told.type.startswith("contact.") and isinstance(told.data, dict) and "state" in told.data:
            conversation = convert(told.data, Conversation)
            return f"{called(conversation)} (id {conversation.id}) is {conversation.state}"
        if told.type == "connection.changed" and isinstance(told.data, dict):
            state = told.data.get("connection", {}).get("state", "?")
            return f"{invocation.name_of(int(told.data['conversation']))} is {state_word(str(state))}"
        if told.type.startswith(("server.", "hosting.")) and isinstance(told.data, dict):
            return _of_server(told.type, told.data)
        if told.type == "tor.changed":
            tor = convert(told.data, TorStatus)
            return tor.summary or tor.state
    except (BadAnswer, AttributeError, KeyError, TypeError, ValueError):
        pass  # a shape that this version does not know is shown as it is
    return json.dumps(told.data, ensure_ascii=False)[:_MOST_CHARACTERS]


def _of_server(type_: str, data: dict[str, object]) -> str:
    if type_ == "hosting.changed":
        hosted = convert(data, Hosted)
        return f"server {hosted.description or short(hosted.id)} is {hosted.state}"
    if type_ == "hosting.deleted":
        return f"server {short(str(data['id']))} is deleted"
    if data.get("deleted"):
        return f"server {data['server']} is used no more"
    if "server" in data:
        return f"server {data['server']} is {convert(data['connection'], ServerConnection).state}"
    found = convert(data, Server)
    return f"server {found.id} ({short(found.onion)}): {found.messages} messages, {found.tokens} tokens"
