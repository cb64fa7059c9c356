"""`cwtch message …`: sent, listed, shown, tried again."""

from collections.abc import Sequence

import click

from cwtch_cli.command import Noun, takes_profile
from cwtch_cli.connect import Invocation, called
from cwtch_cli.errors import Misused
from cwtch_cli.output import moment
from cwtch_cli.password import read_stdin
from cwtch_client import Json, Message, MessagePage, convert

_MOST_BYTES = 1 << 19
"""Half of the API's line, which leaves room for JSON's escapes; a Cwtch message is far smaller anyway."""


@click.group("message", cls=Noun)
def message() -> None:
    """Messages: write, read, try again."""


@message.command("send")
@click.argument("conversation")
@click.argument("text")
@click.option("--reply-to", type=int, metavar="ID", help="The message that it answers.")
@takes_profile
@click.pass_obj
def send(invocation: Invocation, conversation: str, text: str, reply_to: int | None) -> None:
    """Queue TEXT for CONVERSATION; it is sent when the contact is there.

    CONVERSATION is an id, the contact's address or its petname. A TEXT of `-` is read from standard input, which other users
    of this machine can't see in its list of processes; one line end behind it is no part of it.
    """
    written = _from_stdin() if text == "-" else text
    found = invocation.conversation(conversation)
    result = invocation.call_on_profile(
        "message.send", conversation=found.id, text=written, reply_to=reply_to
    )
    _show_one(invocation, result)


@message.command("list")
@click.argument("conversation")
@click.option("--before", type=int, metavar="ID", help="Only what stands before this message.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), metavar="N", help="So many at most; the daemon's default is 50."
)
@takes_profile
@click.pass_obj
def list_(invocation: Invocation, conversation: str, before: int | None, limit: int | None) -> None:
    """Show a page of CONVERSATION, oldest first; the newest page unless --before is given."""
    found = invocation.conversation(conversation)
    result = invocation.call_on_profile("message.list", conversation=found.id, before=before, limit=limit)

    def view(page: MessagePage) -> None:
        _rows(invocation, page.messages, called(found))
        if page.more and page.messages and invocation.output.on_terminal:
            invocation.output.line(f"There is more: --before {page.messages[0].id} shows it.", "dim")

    invocation.show(result, lambda: view(convert(result, MessagePage)))


@message.command("get")
@click.argument("message", type=int)
@takes_profile
@click.pass_obj
def get(invocation: Invocation, message: int) -> None:
    """Show MESSAGE, named by its id."""
    _show_one(invocation, invocation.call_on_profile("message.get", message=message))


@message.command("retry")
@click.argument("message", type=int)
@takes_profile
@click.pass_obj
def retry(invocation: Invocation, message: int) -> None:
    """Queue a failed MESSAGE again; for one that waits, dial its contact at once."""
    _show_one(invocation, invocation.call_on_profile("message.retry", message=message))


def shown_text(found: Message) -> str:
    """A message's text, or what stands in for it."""
    return f"(overlay {found.overlay})" if found.text is None else found.text


def _rows(invocation: Invocation, messages: Sequence[Message], other: str) -> None:
    invocation.output.rows(
        ("ID", "TIME", "FROM", "STATE", "TEXT"),
        [
            (
                str(each.id),
                moment(each.sent_at if each.outgoing else each.received_at),
                "me" if each.outgoing else other,
                each.state,
                shown_text(each),
            )
            for each in messages
        ],
        "Nothing was said yet.",
    )


def _show_one(invocation: Invocation, result: Json) -> None:
    def view(found: Message) -> None:
        facts = [
            ("id", str(found.id)),
            ("conversation", str(found.conversation)),
            ("from", "me" if found.outgoing else found.author),
            ("sent", moment(found.sent_at)),
            ("state", found.state),
        ]
        if found.error:
            facts.append(("error", found.error))
        if found.delivery is not None and found.delivery.step != found.state:
            facts.append(("delivery", found.delivery.step))
        if found.delivery is not None and found.delivery.reason:
            facts.append(("reason", found.delivery.reason))
        invocation.output.facts([*facts, ("text", shown_text(found))])

    invocation.show(result, lambda: view(convert(result, Message)))


def _from_stdin() -> str:
    read = read_stdin(_MOST_BYTES + 1)
    if len(read) > _MOST_BYTES:
        raise Misused(f"A text is at most {_MOST_BYTES} bytes long: send it in parts.")
    try:
        return read.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Misused("What was read is not text in UTF-8: only text can be sent.") from None
