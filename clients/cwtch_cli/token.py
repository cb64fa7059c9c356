"""`cwtch token …`: what other programs and other users may do here."""

from collections.abc import Sequence
from pathlib import Path

import click

from cwtch_cli import completion
from cwtch_cli.command import Noun, takes_profile
from cwtch_cli.connect import Invocation
from cwtch_cli.files import new_file
from cwtch_cli.output import moment, short
from cwtch_client import convert
from cwtch_client.model import ApiToken, NewApiToken


@click.group("token", cls=Noun)
def token() -> None:
    """What other programs and users may do: tokens of the API."""


@token.command("create")
@click.argument("scope", type=click.Choice(["read", "send", "admin"]))
@click.option("--label", metavar="TEXT", help="What it is for; kept unencrypted.")
@takes_profile
@click.option(
    "--conversation",
    "conversations",
    multiple=True,
    metavar="CONVERSATION",
    shell_complete=completion.conversations,
    help="Only for this conversation of the profile; may be repeated.",
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Its holder may use files below this folder; may be repeated.",
)
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the token to this new file, which only you can read, and print only its id.",
)
@click.pass_obj
def create(
    invocation: Invocation,
    scope: str,
    label: str | None,
    conversations: Sequence[str],
    folders: Sequence[Path],
    output: Path | None,
) -> None:
    """Make a token that may read, or read and send, or do everything (admin).

    It is shown this once. It holds for every profile, unless --profile or --conversation binds it. `cwtch --token-file FILE`
    uses one.
    """
    bound = invocation.profile_id() if invocation.profile is not None or conversations else None
    wanted = {
        "scope": scope,
        "label": label,
        "profile": bound,
        "conversations": [invocation.conversation(each).id for each in conversations] or None,
        "folders": [str(each.absolute()) for each in folders] or None,
    }
    if output is None:
        result = invocation.call("token.create", **wanted)
        made = convert(result, NewApiToken)
        invocation.show(
            result, lambda: invocation.output.facts([("id", str(made.id)), ("token", made.token)])
        )
        return
    with new_file(output) as opened:
        made = convert(invocation.call("token.create", **wanted), NewApiToken)
        opened.write(made.token.encode() + b"\n")
    told = [("id", str(made.id)), ("written to", str(output))]
    invocation.show({"id": made.id}, lambda: invocation.output.facts(told))


@token.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the tokens, without what their holders show."""
    result = invocation.call("token.list")

    def view(found: Sequence[ApiToken]) -> None:
        invocation.output.rows(
            ("ID", "LABEL", "SCOPE", "HOLDS FOR", "FOLDERS", "CREATED", "LAST USED"),
            [
                (
                    str(each.id),
                    each.label,
                    each.scope,
                    _reach(each),
                    ", ".join(each.folders),
                    moment(each.created_at),
                    moment(each.last_used_at),
                )
                for each in found
            ],
            "There is no token: only the user who runs the daemon can call it.",
        )

    invocation.show(result, lambda: view(convert(result, list[ApiToken])))


@token.command("revoke")
@click.argument("id", type=int)
@click.pass_obj
def revoke(invocation: Invocation, id: int) -> None:  # noqa: A002 - the API's name for it
    """End the token with this ID, and every connection that holds to it."""
    result = invocation.call("token.revoke", id=id)
    invocation.show(result, lambda: invocation.output.line("The token is worth nothing any more."))


def _reach(found: ApiToken) -> str:
    if not found.bound:
        return "all profiles"
    profile = short(found.profile) if found.profile else "a locked profile"
    if found.conversations is None:
        return profile
    return f"{profile}: {', '.join(map(str, found.conversations))}"
