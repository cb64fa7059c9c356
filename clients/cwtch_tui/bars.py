"""The lines around the two lists: how Tor stands, who is there, what to do where nothing is. Pure functions of a State."""

from rich.cells import cell_len
from rich.text import Text

from cwtch_cli.connect import called
from cwtch_cli.output import short
from cwtch_client import Conversation
from cwtch_tui import words
from cwtch_tui.rows import body, style
from cwtch_tui.state import Daemon, OpenProfile, State
from cwtch_tui.text import grouped, one_line, shortened

_NAME = 28


def top(state: State, width: int) -> Text:
    """Whose profile it is, what is new in the others, and how Tor stands."""
    left = Text(" ")
    place = state.place
    if place is None:
        left.append("cwtch", "bold")
    else:
        left.append(shortened(one_line(place.profile.name), _NAME), "bold")
        left.append(f"  {short(place.profile.id)}", "dim")
        new = (
            sum(each.unread + each.requests for each in state.profiles.values())
            - place.unread
            - place.requests
        )
        if len(state.profiles) > 1:
            left.append(
                f"  +{len(state.profiles) - 1} open" + (f", {new} new" if new else ""),
                "yellow" if new else "dim",
            )
    tor = words.tor(state.tor)
    right = Text.assemble((f"{tor.mark} {tor.words} ", style(tor)))
    right.truncate(max(0, width - cell_len(left.plain) - 2), overflow="ellipsis")
    left.append(" " * max(1, width - cell_len(left.plain) - cell_len(right.plain)))
    return left.append_text(right)


def notice(state: State) -> Text:
    """Why the daemon is not there, and that it is waited for."""
    gone = state.daemon is Daemon.GONE
    begin = "The daemon is gone. " if gone else ""
    return Text(f" ! {begin}{one_line(state.trouble)} This screen goes on by itself.", "bold")


def head(conversation: Conversation, now: int, *, there: bool) -> Text:
    """Who the conversation is with, and how they are connected."""
    stands = words.connection(conversation, now, daemon_there=there)
    address = conversation.address or conversation.group_id or ""
    name = one_line(called(conversation))
    return Text.assemble(
        (name, "bold"),
        (f"  {short(address)}" if conversation.name else "", "dim"),
        "\n",
        (f"{stands.mark} {words.connection_in_full(conversation, now, daemon_there=there)}", style(stands)),
    )


def empty(state: State) -> Text:
    """What to do where there is nothing to see."""
    place = state.place
    if place is not None:
        return _empty_in(place)
    if state.daemon is Daemon.THERE:
        return Text.assemble(
            ("No profile is open.\n\n", "bold"),
            "Press ", ("u", "bold"), " to unlock one with its password,\n",
            "or ", ("n", "bold"), " to make one.\n\n",
            "?  shows all keys.",
        )  # fmt: skip
    return Text("" if state.trouble else "Looking for the daemon …")


def _empty_in(place: OpenProfile) -> Text:
    if place.open is not None:
        return Text("Nothing was said yet.", "dim")
    if not place.known:
        return Text("Asking for your conversations …")
    if not place.conversations:
        return Text.assemble(
            ("Nobody is here yet.\n\n", "bold"),
            "Press ", ("a", "bold"), " to add somebody by their address,\n",
            "or give them yours:\n\n",
            (grouped(place.profile.id), "bold"),
            "\n\nWhoever adds you appears here as a request.",
        )  # fmt: skip
    return Text.assemble(
        "Choose with ", ("↑ ↓", "bold"), " and open with ", ("Enter", "bold"), ".\n",
        "a  adds somebody,  ?  shows all keys.",
    )  # fmt: skip


def hint(place: OpenProfile | None, conversation: Conversation | None, reply_to: int | None) -> Text:
    """What stands where one would write."""
    if place is None or conversation is None:
        return Text("")
    if conversation.state == "pending":
        return Text("They wait for your answer: Enter in the list shows the request.", "bold")
    if conversation.state == "blocked":
        return Text("You have blocked them: b in the list unblocks.", "bold")
    if reply_to is None:
        return Text("")
    messages = place.transcript.messages if place.transcript else ()
    quoted = next((each for each in messages if each.id == reply_to), None)
    what = "an earlier message" if quoted is None else one_line(quoted.text or body(quoted))
    return Text(f"Reply to: {what}", "dim", no_wrap=True, overflow="ellipsis")
