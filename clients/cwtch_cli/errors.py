"""How `cwtch` ends: an exit status for each class of errors, and a sentence for each error.

Rules: `cwtch --help` tells these statuses; they don't change.
"""

import signal

import click

from cwtch_cli.hints import home_of_option
from cwtch_cli.output import ReaderGone
from cwtch_client import ClientError, DaemonAbsent, RpcError

DONE, FAILED, MISUSED, ABSENT, REFUSED, IN_VAIN, NOT_ALLOWED, EXPIRED = range(8)
INTERRUPTED, READER_GONE = 128 + signal.SIGINT, 128 + signal.SIGPIPE

STATUSES = """\b
Exit status:
  0    done
  1    something failed on the way: the connection was lost, a file can't be written, …
  2    the command line is wrong, or does not say which thing is meant
  3    no daemon answers
  4    the daemon refused; its sentence stands on standard error
  5    what was waited for did not happen in the time allowed
  6    the daemon refused since this caller or its token may not do that (unauthorized)
  7    the log no longer holds what was asked for (cursor_expired)
  130  interrupted
  141  whoever read the output has ended
"""


class Misused(click.ClickException):
    """The command line is wrong, or does not say which thing is meant; the sentence says all there is to say."""


class Failed(click.ClickException):
    """What was asked for was tried and did not work."""


class InVain(click.ClickException):
    """What was waited for did not happen in the time allowed."""


_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (DaemonAbsent, ABSENT),
    (RpcError, REFUSED),
    (ClientError, FAILED),
    (Failed, FAILED),
    (InVain, IN_VAIN),
    (click.ClickException, MISUSED),
    (ReaderGone, READER_GONE),
    (OSError, FAILED),
    (click.Abort, INTERRUPTED),
)
ENDINGS = tuple(kind for kind, _ in _STATUS)
"""Every way to end that is foreseen."""

_STATUS_OF_REFUSAL = {"unauthorized": NOT_ALLOWED, "cursor_expired": EXPIRED}


def status_of(error: BaseException) -> int:
    """The exit status of an error."""
    if isinstance(error, RpcError) and error.name in _STATUS_OF_REFUSAL:
        return _STATUS_OF_REFUSAL[error.name]
    return next((status for kind, status in _STATUS if isinstance(error, kind)), FAILED)


def sentence_of(error: BaseException, how_to_start: str) -> str | None:
    """What to say of an error; None where there is nobody to say it to, or nothing."""
    if isinstance(error, DaemonAbsent):
        return str(DaemonAbsent(error.path, how_to_start))
    if isinstance(error, RpcError):
        return refusal_of(error)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        wrong = (isinstance(error, click.NoSuchOption) and home_of_option(error)) or error.format_message()
        end = "" if wrong.endswith("?") else "."
        return f"{wrong.removesuffix('.')}{end} `{error.ctx.command_path} --help` says more."
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        return f"The system refused ({error.strerror}): see that there is room, and leave to read and write."
    return str(error) if isinstance(error, ClientError) else None


def refusal_of(error: RpcError) -> str:
    """The daemon's sentence, with the numbers that belong to it."""
    data = error.data
    if isinstance(limit := data.get("limit"), int):
        size = data.get("size")
        much = f"{size} of at most {limit}" if isinstance(size, int) else f"at most {limit}"
        return f"{error.sentence} ({much})"
    if isinstance(incident := data.get("incident"), str):
        return f"{error.sentence} ({incident})"
    if isinstance(oldest := data.get("oldest"), int):
        return f"{error.sentence} (--after {max(0, oldest - 1)} begins at the oldest that is kept)"
    return error.sentence
