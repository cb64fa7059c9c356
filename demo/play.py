"""The play: two people meet by consent, talk, and lose nothing while one of them is killed. Then everything is checked.

Rules: everything is done with the commands that a person would type; the checks are made of what those commands say.
"""

from datetime import UTC, datetime

from cwtch_client import Event, Message
from demo.person import Person
from demo.show import Show
from demo.stage import PlayFailed, Stage

NETWORK_SECONDS = 180
TOR_SECONDS = 120
MESSAGE_SECONDS = 120
RETURN_SECONDS = 180
SERVER_SECONDS = 180
TOKENS = 20

GREETING = "Hello bob, it's alice. May I?"
TALK = (
    ("bob", "Of course! Good to hear from you."),
    ("alice", "Nobody between us knows that we talk."),
    ("bob", "Not even Tor's relays. Tell me everything."),
)
WHILE_AWAY = (
    "First: I found the old map.",
    "Second: are you still there?",
    "Third: I keep writing anyway.",
    "Fourth: it waits here until you are back.",
    "Fifth: in this order, I hope.",
    "Sixth: see you soon.",
)
LAST = "All six are here, in order. What a map!"


def play(stage: Stage, show: Show) -> None:
    """Plays it. Raises PlayFailed where something is not as it should be, Interrupted where somebody wants it to end."""
    show.title("A private Tor network on loopback")
    show.command("you", "cwtchd tornet start --dir net")
    stage.start_network(NETWORK_SECONDS)

    alice, bob = Person(stage, show, "alice"), Person(stage, show, "bob")
    show.title("Two people, a daemon each")
    for person, other in ((alice, bob), (bob, alice)):
        person.start_daemon()
        person.create_profile()
        person.watch(lambda event, who=person, whom=other: _tell(show, who, whom, event))  # type: ignore[misc]
    for person in (alice, bob):
        _wait_for_tor(stage, show, person)

    show.title("Alice asks, Bob accepts")
    alice.add(bob, GREETING)
    show.note("waiting until alice's request reaches bob …")
    stage.until("alice's request reached bob", bob.requests, MESSAGE_SECONDS, every=0.5)
    stage.until("bob saw her greeting", lambda: bob.told("message.received", GREETING), MESSAGE_SECONDS)
    bob.accept(alice.address)

    show.title("They talk")
    for name, text in TALK:
        writer, reader = (alice, bob) if name == "alice" else (bob, alice)
        writer.send(reader, text)
        _wait_for(stage, writer, reader, text, MESSAGE_SECONDS)

    show.title("Bob's daemon is killed while Alice keeps writing")
    first, *rest = WHILE_AWAY
    alice.send(bob, first)
    bob.kill_daemon()
    for text in rest:
        alice.send(bob, text)
    waiting = [each.state for each in alice.messages(bob) if each.outgoing and each.state != "delivered"]
    show.note(f"{len(waiting)} of alice's messages wait, on her disk: {', '.join(waiting)}")

    show.title("Bob comes back")
    bob.start_daemon()
    bob.unlock()
    show.note("waiting until everything that alice wrote has arrived and is acknowledged …")
    for text in WHILE_AWAY:
        _wait_for(stage, alice, bob, text, RETURN_SECONDS)
    bob.send(alice, LAST)
    _wait_for(stage, bob, alice, LAST, MESSAGE_SECONDS)

    show.title("Bob runs a server, and Alice uses it")
    _serve(stage, show, alice, bob)

    show.title("What came of it")
    _check(stage, show, alice, bob)


def _serve(stage: Stage, show: Show, alice: Person, bob: Person) -> None:
    hosted = bob.host("for our groups")
    show.note("waiting until the server's two addresses are published …")
    stage.until(
        "bob's server was published",
        lambda: bob.hosted(hosted.id).published_since is not None,
        TOR_SECONDS,
        every=0.5,
    )
    used = alice.use(hosted.bundle or "")
    show.note(
        "waiting until alice has proved her work, bought her first tokens, and has all that the server stores …"
    )

    def ready() -> bool:
        found = alice.used(used)
        return found.state == "synced" and found.tokens >= TOKENS

    stage.until("alice was synced and had tokens", ready, SERVER_SECONDS, every=0.5)
    found = alice.used(used)
    show.note(
        f"{found.state}, {found.tokens} tokens: each pays for one message, and the server can't tell whom it sold it to. "
        "It will keep what groups say, and read none of it.",
        "bold green",
    )
    if found.faults:
        raise PlayFailed(f"Alice has caught bob's server at something: {', '.join(found.faults)}.")


def _wait_for_tor(stage: Stage, show: Show, person: Person) -> None:
    said = ""

    def ready() -> bool:
        nonlocal said
        status = person.tor()
        words = f"{person.name}'s Tor: {status.state}, {status.progress} %"
        if words != said:
            show.note(words)
            said = words
        return status.state == "ready"

    stage.until(f"{person.name}'s Tor was ready", ready, TOR_SECONDS, every=0.5)
    show.note(f"waiting until {person.name}'s address is published …")
    stage.until(f"{person.name}'s address was published", person.reachable, TOR_SECONDS, every=0.5)


def _wait_for(stage: Stage, writer: Person, reader: Person, text: str, seconds: float) -> None:
    stage.until(f"{reader.name} received {text!r}", lambda: reader.told("message.received", text), seconds)
    stage.until(f"{text!r} was delivered", lambda: writer.told("message.delivered", text), seconds)


def _tell(show: Show, who: Person, whom: Person, event: Event) -> None:
    message = event.message()
    if event.type == "contact.requested":
        show.happened(who.name, "request", f"from {whom.address}")
    elif message is not None and event.type == "message.received":
        show.happened(who.name, "received", f"“{message.text}”")
    elif message is not None and event.type == "message.delivered":
        show.happened(who.name, "delivered", f"“{message.text}”")


# --- the checks --------------------------------------------------------------------------------------------------


def _check(stage: Stage, show: Show, alice: Person, bob: Person) -> None:
    stage.look()
    expected = {
        "alice": [GREETING, *(text for name, text in TALK if name == "alice"), *WHILE_AWAY],
        "bob": [*(text for name, text in TALK if name == "bob"), LAST],
    }
    rows: list[tuple[int, tuple[str, ...]]] = []
    for writer, reader in ((alice, bob), (bob, alice)):
        wanted = expected[writer.name]
        written = [each for each in writer.messages(reader) if each.outgoing]
        arrived = [each for each in reader.messages(writer) if not each.outgoing]
        _compare(f"what {writer.name} wrote", [each.text for each in written], wanted)
        _compare(f"what {reader.name} has of it", [each.text for each in arrived], wanted)
        if undelivered := [each.state for each in written if each.state != "delivered"]:
            raise PlayFailed(
                f"{len(undelivered)} of {writer.name}'s messages are not delivered but {undelivered[0]}."
            )
        for type_, person in (("message.received", reader), ("message.delivered", writer)):
            told = [
                found.text for event in person.events if event.type == type_ and (found := event.message())
            ]
            _compare(f"what {person.name}'s events say ({type_})", told, wanted)
        rows += [_row(writer, reader, each) for each in written]
    for person in (alice, bob):
        seqs = [event.seq for event in person.events if event.seq is not None]
        if seqs != list(range(1, len(seqs) + 1)):
            raise PlayFailed(f"{person.name}'s events have a hole or a repeat.")
    numbered = [(str(number), *row) for number, (_, row) in enumerate(sorted(rows), 1)]
    show.table(("#", "from", "text", "written", "arrived", "acknowledged", "took", "state"), numbered)
    show.note(
        f"{len(rows)} messages over one kill -9: each arrived once, in order, and is delivered. "
        f"{len(alice.events) + len(bob.events)} events, none missed, none twice.",
        "bold green",
    )


def _compare(what: str, found: list[str | None], wanted: list[str]) -> None:
    if found == wanted:
        return
    if len(found) > len(set(found)):
        how = "some of it is there twice"
    elif sorted(map(str, found)) == sorted(wanted):
        how = "it is in another order"
    else:
        how = f"there are {len(found)} messages for {len(wanted)}, or others"
    raise PlayFailed(f"{what[0].upper()}{what[1:]} is not what it should be: {how}.")


def _row(writer: Person, reader: Person, message: Message) -> tuple[int, tuple[str, ...]]:
    text = message.text or ""
    written, arrived = message.sent_at or 0, reader.told("message.received", text) or 0
    acknowledged = writer.told("message.delivered", text) or 0
    took = f"{(arrived - written) / 1000:.1f} s"
    return written, (writer.name, text, *map(_clock, (written, arrived, acknowledged)), took, message.state)


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone().strftime("%H:%M:%S")
