"""Standing: whether the daemon is alive or only seems so, in words: since when each part is so, and when it was last proved.

Rules: an age is counted from the daemon's own clock; what was never proved is said to be so, never left out.
"""

from collections.abc import Iterator

from cwtch_cli.connect import Invocation, called
from cwtch_cli.output import ago, clock, duration, moment, state_word
from cwtch_client import ClientError, Conversation, DaemonStatus, TorStatus
from cwtch_client.model import ContactPath, ProfileHealth


def tor_facts(found: TorStatus, now: int) -> Iterator[tuple[str, str]]:
    """What there is to say of Tor."""
    yield "state", found.state
    if found.progress is not None:
        yield "progress", f"{found.progress} %"
    if found.summary:
        yield "summary", found.summary
    yield "since", moment(found.since)
    yield "proved", ago(found.last_proof_at, now)
    if found.version:
        yield "version", found.version
    if found.warning:
        yield "warning", found.warning


def show(invocation: Invocation, found: DaemonStatus) -> None:
    """Prints how the daemon, its Tor, each open profile and each contact's path stand."""
    now = found.now or clock()
    invocation.output.facts(
        [
            ("version", found.version),
            ("socket", str(invocation.path)),
            ("running for", duration(found.uptime)),
            ("open profiles", str(len(found.profiles))),
            *((f"tor {name}", value) for name, value in tor_facts(found.tor, now)),
            *((f"profile {each.name}", _own_onion(each, now)) for each in found.profiles),
        ]
    )
    paths = [(profile, path) for profile in found.profiles for path in profile.contacts]
    if not paths:
        return
    names = _names(invocation, found)
    if invocation.output.on_terminal:
        invocation.output.line("")
    invocation.output.rows(
        ("PROFILE", "CONTACT", "STATE", "SINCE", "PROVED", "NEXT DIAL", "LAST FAILURE"),
        [
            (
                profile.name,
                names.get((profile.id, path.conversation), f"conversation {path.conversation}"),
                state_word(path.state),
                ago(path.since, now, "-"),
                ago(path.last_proof_at, now),
                _next_dial(path, now),
                path.last_failure or "-",
            )
            for profile, path in paths
        ],
        "",
    )
    if invocation.output.on_terminal and any(each.more_contacts for each in found.profiles):
        invocation.output.line("There are more: `cwtch contact list` shows all.", "dim")


def _own_onion(found: ProfileHealth, now: int) -> str:
    """Whether others can reach a profile: announced since when, and reached by the daemon itself."""
    if found.published_since is None:
        announced = "not announced yet: nobody can find it"
    else:
        announced = f"announced {ago(found.published_since, now)}"
    dial = found.self_dial
    proved = f"proved {ago(dial.last_proof_at, now)}" if dial.last_proof_at else "never proved"
    failed = f", last call failed ({dial.last_failure})" if dial.last_failure else ""
    return f"{announced}, {proved}{failed}"


def _next_dial(path: ContactPath, now: int) -> str:
    if path.next_dial_at is None:
        return "-"
    left = path.next_dial_at - now
    return f"in {duration(left)}" if left > 0 else "now"


def _names(invocation: Invocation, found: DaemonStatus) -> dict[tuple[str, int], str]:
    """What the contacts are called; a name is a courtesy, not worth ending for."""
    names = {}
    for profile in found.profiles:
        try:
            every = invocation.client.ask(list[Conversation], "contact.list", profile=profile.id)
        except ClientError:
            continue
        names.update({(profile.id, each.id): called(each) for each in every})
    return names
