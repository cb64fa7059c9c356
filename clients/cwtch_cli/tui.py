"""`cwtch tui`: the terminal interface."""

import os
import sys

import click

from cwtch_cli.command import Verb, takes_profile
from cwtch_cli.connect import Invocation
from cwtch_cli.errors import DONE, Misused


@click.command("tui", cls=Verb)
@takes_profile
@click.pass_obj
def tui(invocation: Invocation) -> int:
    """Talk on a whole screen: contacts, requests, conversations, profiles.

    It follows the daemon, waits for it where it is not there, and `?` shows its keys. --profile says which one to begin with.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misused("This needs a terminal: `cwtch chat` and `cwtch watch` work without one.")
    from cwtch_client import AsyncClient  # noqa: PLC0415 - other commands shouldn't wait for textual
    from cwtch_tui.app import CwtchApp  # noqa: PLC0415 - likewise

    file = invocation.token_file or os.environ.get("CWTCH_TOKEN_FILE") or None
    client = AsyncClient(invocation.path, token_file=file)
    app = CwtchApp(client, invocation.how_to_start(), invocation.profile)
    app.run()
    return app.return_code or DONE
