"""`cwtch tor …`: how Tor stands, and new circuits."""

import click

from cwtch_cli.command import Noun
from cwtch_cli.connect import Invocation
from cwtch_cli.errors import InVain
from cwtch_cli.output import clock
from cwtch_cli.standing import tor_facts
from cwtch_cli.wait import takes_wait, until
from cwtch_client import Json, TorStatus, convert


@click.group("tor", cls=Noun)
def tor() -> None:
    """The daemon's Tor."""


@tor.command("status")
@takes_wait("Tor is ready")
@click.pass_obj
def status(invocation: Invocation, wait: bool, timeout: float | None) -> None:
    """Say how Tor stands, with bootstrap progress."""
    ready = True
    if wait or timeout is not None:
        result, ready = until(
            invocation,
            lambda: invocation.call("tor.status"),
            _step,
            profile=None,
            types=["tor.changed"],
            seconds=timeout,
        )
    else:
        result = invocation.call("tor.status")
    if result is not None:
        invocation.show(
            result, lambda: invocation.output.facts(tor_facts(convert(result, TorStatus), clock()))
        )
    if not ready:
        raise InVain("Tor is not ready yet: wait longer, or see what its summary says.")


@tor.command("reset")
@click.pass_obj
def reset(invocation: Invocation) -> None:
    """Ask Tor for new circuits for everything that is dialled from now on."""
    result = invocation.call("tor.reset")
    invocation.show(result, lambda: invocation.output.line("Tor makes new circuits from now on."))


def _step(result: Json) -> tuple[bool, str, int | None]:
    found = convert(result, TorStatus)
    return found.state == "ready", f"{found.state}: {found.summary or '…'}", found.progress
