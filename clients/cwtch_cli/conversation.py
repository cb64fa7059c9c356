"""`cwtch conversation …`: what contacts and groups have in common."""

from collections.abc import Sequence

import click

from cwtch_cli.command import Noun, takes_conversation, takes_profile
from cwtch_cli.connect import Invocation
from cwtch_cli.output import moment, state_word
from cwtch_client import Conversation, Json, convert


@click.group("conversation", cls=Noun)
def conversation() -> None:
    """Conversations, with contacts or groups."""


@conversation.command("list")
@takes_profile
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all conversations."""
    show_all(invocation, invocation.call_on_profile("conversation.list"))


@conversation.command("get")
@takes_conversation
@takes_profile
@click.pass_obj
def get(invocation: Invocation, conversation: str) -> None:
    """Show CONVERSATION, named by its id, the contact's address or its petname."""
    found = invocation.conversation(conversation)
    show_one(invocation, invocation.call_on_profile("conversation.get", conversation=found.id))


@conversation.command("mark-read")
@takes_conversation
@takes_profile
@click.pass_obj
def mark_read(invocation: Invocation, conversation: str) -> None:
    """Mark all of CONVERSATION read."""
    found = invocation.conversation(conversation)
    result = invocation.call_on_profile("conversation.mark_read", conversation=found.id)
    invocation.show(result, lambda: invocation.output.line("Everything in it is marked read."))


def show_all(invocation: Invocation, result: Json) -> None:
    """Prints a list of conversations."""

    def view(found: Sequence[Conversation]) -> None:
        invocation.output.rows(
            ("ID", "NAME", "STATE", "CONNECTION", "UNREAD", "LAST MESSAGE", "ADDRESS"),
            [
                (
                    str(each.id),
                    each.name,
                    each.state,
                    state_word(each.connection.state) if each.connection else "-",
                    str(each.unread),
                    moment(each.last_message_at),
                    each.address or each.group_id or "",
                )
                for each in found
            ],
            "There is none yet: `cwtch contact add ADDRESS` begins one.",
        )

    invocation.show(result, lambda: view(convert(result, list[Conversation])))


def show_one(invocation: Invocation, result: Json) -> None:
    """Prints a conversation."""

    def view(found: Conversation) -> None:
        invocation.output.facts(
            [
                ("id", str(found.id)),
                ("name", found.name),
                ("kind", found.kind),
                ("address", found.address or found.group_id or ""),
                ("state", found.state),
                ("connection", state_word(found.connection.state) if found.connection else "-"),
                ("unread", str(found.unread)),
                ("last message", moment(found.last_message_at)),
            ]
        )

    invocation.show(result, lambda: view(convert(result, Conversation)))
