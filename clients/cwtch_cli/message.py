"""`cwtch message …`: sent, listed, shown, tried again."""

import json
from collections.abc import Sequence

import click

from cwtch_cli.command import Noun, takes_conversation, takes_profile
from cwtch_cli.connect import Invocation, called
from cwtch_cli.errors import Failed, InVain, Misused
from cwtch_cli.output import moment
from cwtch_cli.password import read_stdin
from cwtch_cli.wait import takes_wait, until
from cwtch_client import Json, Message, MessagePage, convert
from cwtch_client.calls import LINE_BYTES

_MOST_BYTES = 1 << 19
"""Half of the API's line, which leaves room for JSON's escapes; a Cwtch message is far smaller anyway."""
_LINE_ROOM = LINE_BYTES - 4096


@click.group("message", cls=Noun)
def message() -> None:
    """Messages: write, read, try again."""


@message.command("send")
@takes_conversation
@click.argument("text")
@click.option("--reply-to", type=int, metavar="ID", help="The message that it answers.")
@click.option(
    "--client-id", metavar="WORD", help="Your own name for it: sent again under the same, it is queued once."
)
@takes_wait("the other side has stored it (0), or it failed (1)")
@takes_profile
@click.pass_obj
def send(
    invocation: Invocation,
    conversation: str,
    text: str,
    reply_to: int | None,
    client_id: str | None,
    wait: bool,
    timeout: float | None,
) -> None:
    """Queue TEXT for CONVERSATION; it is sent when the contact is there.

    CONVERSATION is an id, the contact's address or its petname. A TEXT of `-` is read from standard input, which other users
    of this machine can't see in its list of processes; one line end behind it is no part of it.

    Status 0 means that it is queued durably, with --wait that it is delivered. It goes on being tried when the waiting ends.
    """
    written = _from_stdin() if text == "-" else text
    if not written.strip():
        raise Misused("There is nothing to send: the text is empty.")
    found = invocation.conversation(conversation)
    result = invocation.call_on_profile(
        "message.send", conversation=found.id, text=written, reply_to=reply_to, client_id=client_id
    )
    if wait or timeout is not None:
        _wait(invocation, convert(result, Message), result, timeout)
    else:
        _show_one(invocation, result)


@message.command("list")
@takes_conversation
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


def _wait(invocation: Invocation, queued: Message, result: Json, seconds: float | None) -> None:
    last, done = until(
        invocation,
        lambda: invocation.call_on_profile("message.get", message=queued.id),
        _step,
        profile=invocation.profile_id(),
        types=["message.sent", "message.delivered", "message.failed", "connection.changed"],
        seconds=seconds,
    )
    _show_one(invocation, last or result)
    if not done:
        raise InVain(
            "It is not delivered yet: it stays queued, and is tried again when the contact is there."
        )
    if convert(last, Message).state == "failed":
        raise Failed(f"It was not delivered: `cwtch message retry {queued.id}` queues it again.")


def _step(result: Json) -> tuple[bool, str, int | None]:
    found = convert(result, Message)
    return (
        found.state in ("delivered", "failed"),
        found.delivery.step if found.delivery else found.state,
        None,
    )


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
    try:
        text = read.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        if len(read) <= _MOST_BYTES or error.end < len(read):  # else the bound has cut a character
            raise Misused("What was read is not text in UTF-8: only text can be sent.") from None
        text = ""
    # JSON writes a control character with six bytes: they count as it carries them.
    if len(read) > _MOST_BYTES or len(json.dumps(text, ensure_ascii=False).encode()) > _LINE_ROOM:
        raise Misused(
            f"A text is at most {_MOST_BYTES} bytes long, fewer with control characters: send it in parts."
        )
    return text
