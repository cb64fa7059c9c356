"""How `cwtch` ends: an exit status for each class of errors, and a sentence for each error.

Rules: `cwtch --help` tells these statuses; they don't change.
"""

import signal

import click

from cwtch_cli.output import ReaderGone
from cwtch_client import ClientError, DaemonAbsent, RpcError

DONE, FAILED, MISUSED, ABSENT, REFUSED = 0, 1, 2, 3, 4
INTERRUPTED, READER_GONE = 128 + signal.SIGINT, 128 + signal.SIGPIPE

STATUSES = """\b
Exit status:
  0    done
  1    something failed on the way: the connection was lost, a file can't be written, …
  2    the command line is wrong, or does not say which thing is meant
  3    no daemon answers
  4    the daemon refused; its sentence stands on standard error
  130  interrupted
"""

_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (DaemonAbsent, ABSENT),
    (RpcError, REFUSED),
    (ClientError, FAILED),
    (click.ClickException, MISUSED),
    (ReaderGone, READER_GONE),
    (OSError, FAILED),
    (click.Abort, INTERRUPTED),
)
ENDINGS = tuple(kind for kind, _ in _STATUS)
"""Every way to end that is foreseen."""


class Misused(click.ClickException):
    """The command line is wrong, or does not say which thing is meant; the sentence says all there is to say."""


def status_of(error: BaseException) -> int:
    """The exit status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), FAILED)


def sentence_of(error: BaseException, how_to_start: str) -> str | None:
    """What to say of an error; None where there is nobody to say it to, or nothing."""
    if isinstance(error, DaemonAbsent):
        return str(DaemonAbsent(error.path, how_to_start))
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message().removesuffix('.')}. `{error.ctx.command_path} --help` says more."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"The system refused ({error.strerror}): see that there is room, and leave to read and write."
    return str(error) if isinstance(error, ClientError) else None
