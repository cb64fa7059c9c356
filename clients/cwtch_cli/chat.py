"""`cwtch chat`: a live conversation, typed and read at once."""

import click

from cwtch_cli.command import Verb, takes_conversation, takes_profile
from cwtch_cli.connect import Invocation


@click.command("chat", cls=Verb)
@takes_conversation
@click.option(
    "--lines",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    metavar="N",
    help="Begin with the last N messages.",
)
@takes_profile
@click.pass_obj
def chat(invocation: Invocation, conversation: str, lines: int) -> int:
    """Talk with CONVERSATION live: type a line and press Enter; /help says more, ^D ends.

    What comes in is shown and marked read. What you type is queued durably, and marked when the other side has stored it.
    Without a terminal, each line of standard input is sent as it is, and each message, or change of its state, is printed as
    `cwtch message list` does; it ends with standard input.
    """
    from cwtch_cli.live import talk  # noqa: PLC0415 - other commands shouldn't wait for it

    return talk(invocation, invocation.conversation(conversation), lines)
