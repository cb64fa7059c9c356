"""`cwtch tor …`: how Tor stands, and new circuits."""

from collections.abc import Iterator

import click

from cwtch_cli.command import Noun
from cwtch_cli.connect import Invocation
from cwtch_cli.output import moment
from cwtch_client import TorStatus, convert


@click.group("tor", cls=Noun)
def tor() -> None:
    """The daemon's Tor."""


@tor.command("status")
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Say how Tor stands, with bootstrap progress."""
    result = invocation.call("tor.status")
    invocation.show(result, lambda: invocation.output.facts(facts(convert(result, TorStatus))))


@tor.command("reset")
@click.pass_obj
def reset(invocation: Invocation) -> None:
    """Ask Tor for new circuits for everything that is dialled from now on."""
    result = invocation.call("tor.reset")
    invocation.show(result, lambda: invocation.output.line("Tor makes new circuits from now on."))


def facts(found: TorStatus) -> Iterator[tuple[str, str]]:
    """What there is to say of Tor."""
    yield "state", found.state
    if found.progress is not None:
        yield "progress", f"{found.progress} %"
    if found.summary:
        yield "summary", found.summary
    yield "since", moment(found.since)
    if found.version:
        yield "version", found.version
    if found.warning:
        yield "warning", found.warning
