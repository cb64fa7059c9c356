"""`cwtch profile …`: identities of this side, each sealed with its password."""

from collections.abc import Sequence
from pathlib import Path

import click

from cwtch_cli import qr
from cwtch_cli.command import Noun, takes_profile
from cwtch_cli.connect import Invocation
from cwtch_cli.errors import Misused
from cwtch_cli.output import moment
from cwtch_cli.password import password_sources, read_password
from cwtch_client import Profile, convert

_TRUTH = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


@click.group("profile", cls=Noun)
def profile() -> None:
    """Your identities: an address each, sealed with a password."""


@profile.command("create")
@click.argument("name")
@password_sources
@click.pass_obj
def create(invocation: Invocation, name: str, password_file: Path | None, password_stdin: bool) -> None:
    """Make a profile called NAME, with a new address; it is open afterwards."""
    password = read_password(password_file, stdin=password_stdin, twice=True)
    result = invocation.call("profile.create", name=name, password=password)
    invocation.show(result, lambda: _one(invocation, convert(result, Profile)))


@profile.command("unlock")
@password_sources
@click.pass_obj
def unlock(invocation: Invocation, password_file: Path | None, password_stdin: bool) -> None:
    """Open every profile that was made with the password."""
    password = read_password(password_file, stdin=password_stdin, twice=False)
    result = invocation.call("profile.unlock", password=password)
    invocation.show(result, lambda: _all(invocation, convert(result, list[Profile])))


@profile.command("lock")
@takes_profile
@click.pass_obj
def lock(invocation: Invocation) -> None:
    """Close a profile: its connections end and its address goes offline."""
    result = invocation.call_on_profile("profile.lock")
    invocation.show(result, lambda: invocation.output.line("The profile is locked."))


@profile.command("list")
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """List the open profiles; what a locked one is called is sealed."""
    result = invocation.call("profile.list")
    invocation.show(result, lambda: _all(invocation, convert(result, list[Profile])))


@profile.command("get")
@takes_profile
@click.pass_obj
def get(invocation: Invocation) -> None:
    """Show an open profile."""
    result = invocation.call_on_profile("profile.get")
    invocation.show(result, lambda: _one(invocation, convert(result, Profile)))


@profile.command("set")
@click.argument("key", type=click.Choice(["name", "autostart"]))
@click.argument("value")
@takes_profile
@click.pass_obj
def set_(invocation: Invocation, key: str, value: str) -> None:
    """Change a profile: its `name`, or with `autostart` yes or no whether it opens by itself.

    The name is what you call it. Without autostart, a daemon that is started with a password leaves the profile locked.
    """
    result = invocation.call_on_profile(
        "profile.set", key=key, value=_truth(value) if key == "autostart" else value
    )
    invocation.show(result, lambda: _one(invocation, convert(result, Profile)))


@profile.command("qr")
@click.option(
    "--svg",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this new file.",
)
@click.option(
    "--png",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this new file.",
)
@takes_profile
@click.pass_obj
def qr_(invocation: Invocation, svg: Path | None, png: Path | None) -> None:
    """Show a profile's address as a QR code, for somebody to scan."""
    result = invocation.call_on_profile("profile.get")
    found = convert(result, Profile)
    qr.save(f"cwtch:{found.id}", svg=svg, png=png)

    def view() -> None:
        if svg is None and png is None:
            invocation.output.drawing(qr.drawn(f"cwtch:{found.id}", coloured=invocation.output.on_terminal))
        invocation.output.line(f"cwtch:{found.id}")

    invocation.show(result, view)


def _truth(word: str) -> bool:
    try:
        return _TRUTH[word.lower()]
    except KeyError:
        raise Misused("autostart is `yes` or `no`.") from None


def _one(invocation: Invocation, found: Profile) -> None:
    invocation.output.facts(
        [
            ("name", found.name),
            ("address", found.id),
            ("created", moment(found.created_at)),
            ("announced since", moment(found.published_since)),
            ("autostart", "yes" if found.autostart else "no"),
        ]
    )


def _all(invocation: Invocation, found: Sequence[Profile]) -> None:
    invocation.output.rows(
        ("NAME", "ADDRESS", "ANNOUNCED SINCE"),
        [(each.name, each.id, moment(each.published_since)) for each in found],
        "No profile is open.",
    )
