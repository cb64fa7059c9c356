"""`cwtch contact …`: people, wanted, accepted, rejected, blocked."""

import click

from cwtch_cli.command import Noun, takes_conversation, takes_profile
from cwtch_cli.connect import Invocation, bare, called
from cwtch_cli.conversation import show_all, show_one
from cwtch_cli.errors import Misused
from cwtch_cli.output import visible
from cwtch_client import Json


@click.group("contact", cls=Noun)
def contact() -> None:
    """People: add one by address, answer a request, block."""


@contact.command("add")
@click.argument("address")
@click.option("--name", metavar="NAME", help="What you call them; only you see it.")
@click.option("--message", metavar="TEXT", help="A greeting, sent as the first message.")
@takes_profile
@click.pass_obj
def add(invocation: Invocation, address: str, name: str | None, message: str | None) -> None:
    """Add the contact at ADDRESS; they see a request and may accept it."""
    show_one(
        invocation,
        invocation.call_on_profile("contact.add", address=bare(address), name=name, message=message),
    )


@contact.command("list")
@takes_profile
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List all contacts; a `pending` one waits for your accept or reject."""
    show_all(invocation, invocation.call_on_profile("contact.list"))


@contact.command("get")
@takes_conversation
@takes_profile
@click.pass_obj
def get(invocation: Invocation, conversation: str) -> None:
    """Show the contact of CONVERSATION, named by its id, the contact's address or its petname."""
    show_one(invocation, _call(invocation, "contact.get", conversation))


@contact.command("accept")
@takes_conversation
@click.option("--name", metavar="NAME", help="What you call them; only you see it.")
@takes_profile
@click.pass_obj
def accept(invocation: Invocation, conversation: str, name: str | None) -> None:
    """Say yes to a request; from now on both can write."""
    found = invocation.conversation(conversation).id
    result = invocation.call_on_profile("contact.accept", conversation=found)
    if name is not None:
        result = invocation.call_on_profile("contact.set", conversation=found, name=name)
    show_one(invocation, result)


@contact.command("set")
@takes_conversation
@click.option("--name", metavar="NAME", required=True, help="What you call them; only you see it.")
@takes_profile
@click.pass_obj
def set_(invocation: Invocation, conversation: str, name: str) -> None:
    """Call a contact something else."""
    found = invocation.conversation(conversation).id
    show_one(invocation, invocation.call_on_profile("contact.set", conversation=found, name=name))


@contact.command("reject")
@takes_conversation
@takes_profile
@click.pass_obj
def reject(invocation: Invocation, conversation: str) -> None:
    """Delete a request with its messages; that address may ask again after 24 hours."""
    found = invocation.conversation(conversation)
    if found.state != "pending":
        raise Misused(
            f"{visible(called(found))!r} is a contact, not a request: `cwtch contact block` turns them away."
        )
    result = invocation.call_on_profile("contact.reject", conversation=found.id)
    invocation.show(result, lambda: invocation.output.line("The request and its messages are deleted."))


@contact.command("block")
@takes_conversation
@takes_profile
@click.pass_obj
def block(invocation: Invocation, conversation: str) -> None:
    """Turn a contact away until it is unblocked; what was said stays."""
    show_one(invocation, _call(invocation, "contact.block", conversation))


@contact.command("unblock")
@takes_conversation
@takes_profile
@click.pass_obj
def unblock(invocation: Invocation, conversation: str) -> None:
    """Let a blocked contact be again what it was before."""
    show_one(invocation, _call(invocation, "contact.unblock", conversation))


def _call(invocation: Invocation, method: str, word: str) -> Json:
    return invocation.call_on_profile(method, conversation=invocation.conversation(word).id)
