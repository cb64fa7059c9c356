"""`cwtch`: its commands put together, its errors as sentences, its exit status.

Rules: an error is one sentence on standard error, never a traceback; each class of errors has its exit status, which --help tells.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from cwtch_cli.chat import chat
from cwtch_cli.command import Noun, takes_profile
from cwtch_cli.connect import Invocation
from cwtch_cli.contact import contact
from cwtch_cli.conversation import conversation
from cwtch_cli.daemon import daemon, rpc
from cwtch_cli.errors import DONE, ENDINGS, FAILED, MISUSED, READER_GONE, STATUSES, sentence_of, status_of
from cwtch_cli.event import event, watch
from cwtch_cli.hosting import hosting
from cwtch_cli.message import message
from cwtch_cli.output import visible
from cwtch_cli.profile import profile
from cwtch_cli.refused import explained
from cwtch_cli.server import server
from cwtch_cli.token import token
from cwtch_cli.tor import tor
from cwtch_cli.tui import tui


@click.group(
    "cwtch",
    cls=Noun,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=STATUSES,
)
@click.version_option(package_name="cwtchd", prog_name="cwtch")
@takes_profile
def cli() -> None:
    """Talk to a Cwtch daemon: profiles, contacts, messages.

    A CONVERSATION is named by its id, the contact's address or its petname. Start a daemon with `cwtchd run`.
    """


_TALKING = (profile, contact, conversation, message, chat, tui, event, watch, server)
_RUNNING = (daemon, tor, token, hosting, rpc)
for _command in (*_TALKING, *_RUNNING):
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line, without the program's name; returns the exit status."""
    invocation = Invocation()
    try:
        status = cli.main(list(arguments), prog_name="cwtch", standalone_mode=False, obj=invocation)
    except click.exceptions.NoArgsIsHelpError as asked:
        asked.show()
        return MISUSED
    except ENDINGS as error:
        sentence = explained(error, invocation, cli) or sentence_of(error, invocation.how_to_start())
        if sentence is not None:
            with contextlib.suppress(OSError):  # nobody reads it: the status says it still
                print(f"cwtch: {visible(' '.join(sentence.split()))}", file=sys.stderr, flush=True)
        return status_of(error)
    else:
        return status if isinstance(status, int) else DONE
    finally:
        invocation.close()


def main() -> None:
    """The console script."""
    # Where one was closed before the start, `print` would put what is meant for it on the other.
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - open as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - likewise
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a terminal that is not UTF-8 gets escapes, not a traceback
    try:
        status = run(sys.argv[1:])
    except Exception as error:
        # Whoever runs a command has no use for a traceback; whoever looks for its cause asks for it.
        if os.environ.get("CWTCH_TRACEBACK"):
            raise
        print(
            f"cwtch: Something unforeseen happened ({type(error).__name__}): please report it, with what",
            end=" ",
            file=sys.stderr,
        )
        print("the same command shows under CWTCH_TRACEBACK=1.", file=sys.stderr)
        status = FAILED
    if status == READER_GONE:
        # What is still buffered would be written at exit, to nobody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    main()
