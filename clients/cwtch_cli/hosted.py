"""Hosted servers: which one a word means, and how one is shown.

Rules: what can't be told apart is a sentence that lists the choices, never a guess; a bundle is one line, so that it can be copied whole.
"""

from collections.abc import Sequence

from cwtch_cli.connect import Invocation, bare
from cwtch_cli.errors import Failed, Misused
from cwtch_cli.output import SHORT, moment, short, visible
from cwtch_client import Hosted, HostedStats, Json, convert

_ID_CHARACTERS = 32
_LEAST = 4
"""Characters of an id that name a server."""


def meant(invocation: Invocation, word: str | None) -> Hosted:
    """The server that a word names: its id or the beginning of it, its onion, its description; without one, the only server."""
    every = convert(invocation.call("hosting.list"), list[Hosted])
    fitting = [each for each in every if word is None or _is_called(each, word)]
    if len(fitting) == 1:
        return fitting[0]
    if not every:
        raise Misused("This daemon runs no server: `cwtch hosting create` makes one.")
    if not fitting:
        raise Misused(
            f"No server here has the id, onion or description {visible(word or '')!r}: "
            "`cwtch hosting list` shows what there is."
        )
    several = ", ".join(_told(each) for each in fitting)
    if word is None:
        raise Misused(f"There are several servers, {several}: say which one.")
    raise Misused(f"{visible(word)!r} may be {several}: give the id.")


def _is_called(server: Hosted, word: str) -> bool:
    if not word:
        return False
    onions = [onion for onion in (server.onion, server.token_onion) if onion is not None]
    begins = (
        len(word) < _ID_CHARACTERS and len(word) >= _LEAST and server.id.startswith(word.removesuffix("…"))
    )
    return word in (server.id, server.description) or bare(word) in onions or begins


def _told(server: Hosted) -> str:
    return f"{short(server.id)} ({visible(server.description)})" if server.description else short(server.id)


def bundle_of(server: Hosted) -> str:
    """Its bundle. Raises Failed where its keys are not open."""
    if server.bundle is None:
        raise Failed(
            "This server's keys are sealed, and it was not started since the daemon was: "
            f"`cwtch hosting start {server.id[:SHORT]}` opens them."
        )
    return server.bundle


def show_all(invocation: Invocation, result: Json) -> None:
    """Prints a list of servers."""

    def view(found: Sequence[Hosted]) -> None:
        invocation.output.rows(
            ("ID", "STATE", "KEYS", "ANNOUNCED SINCE", "DESCRIPTION", "ONION"),
            [
                (
                    each.id,
                    each.state,
                    "sealed" if each.sealed else "in the clear",
                    moment(each.published_since),
                    each.description,
                    each.onion or "",
                )
                for each in found
            ],
            "This daemon runs no server: `cwtch hosting create` makes one.",
        )

    invocation.show(result, lambda: view(convert(result, list[Hosted])))


def show_one(invocation: Invocation, result: Json) -> None:
    """Prints a server, its bundle last."""
    invocation.show(result, lambda: _one(invocation, convert(result, Hosted)))


def _one(invocation: Invocation, found: Hosted) -> None:
    facts = [
        ("id", found.id),
        ("state", found.state),
        ("description", found.description),
        ("autostart", "yes" if found.autostart else "no"),
        ("keys", "sealed" if found.sealed else "in the clear"),
        ("onion", found.onion or "-"),
        ("token onion", found.token_onion or "-"),
        ("announced since", moment(found.published_since)),
        ("keeps", _kept(found)),
        ("flood defence", _defence(found)),
    ]
    if found.warning:
        facts.append(("warning", found.warning))
    invocation.output.facts(facts)
    invocation.output.line(f"bundle: {found.bundle or '-'}")


def _kept(found: Hosted) -> str:
    hours = "for ever" if found.max_hours is None else f"for {found.max_hours} h"
    return f"at most {found.max_messages} messages and {found.max_mib} MiB, {hours}"


def _defence(found: Hosted) -> str:
    if not found.onion_pow:
        return "off"
    if found.intro_rate is None:
        return "on"
    return f"on, {found.intro_rate} introductions a second, {found.intro_burst} at once"


def show_stats(invocation: Invocation, result: Json) -> None:
    """Prints a server's sums."""

    def view(found: HostedStats) -> None:
        counted = (
            ("messages kept", found.messages),
            ("bytes of them", found.bytes),
            ("posts ever", found.posts),
            ("connections", found.connections),
            ("of them synced", found.synced),
            ("replays since the start", found.replays),
            ("tokens since the start", found.tokens_signed),
        )
        sums = [(name, "-" if value is None else str(value)) for name, value in counted]
        running = "-" if found.running_since is None else moment(found.running_since)
        invocation.output.facts([("id", found.id), ("running since", running), *sums])

    invocation.show(result, lambda: view(convert(result, HostedStats)))
