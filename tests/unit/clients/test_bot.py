"""The bot kit: handlers, and a bot's life over crashes, restarts and locks."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cwtch_client import Client, ClientError, Event, RpcError, bot_run
from cwtch_client.bot import Bot, ContactRequest, IncomingMessage
from cwtch_client.bot_options import Options
from cwtch_client.testing import FakeDaemon, onion

BOB = onion("bob")


@pytest.fixture
def profile(daemon: FakeDaemon) -> str:
    made = daemon.create("alice", "secret").id
    daemon.contact(made, "bob")
    return made


@pytest.fixture
def options(daemon: FakeDaemon, tmp_path: Path) -> Options:
    return Options(daemon.path, state=tmp_path / "state")


@contextmanager
def running(bot: Bot, daemon: FakeDaemon, options: Options) -> Iterator[None]:
    """The bot in a thread of its own, from its subscription till the daemon has noticed its end."""
    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(bot.serve, options)
        try:
            daemon.until(lambda: daemon.subscriptions() == 1 or ending.done())
            yield
        finally:
            bot.stop()
            ending.result()
            daemon.until(lambda: daemon.subscriptions() == 0)


def served(bot: Bot, options: Options) -> None:
    """A bot that ends by itself."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(bot.serve, options).result()


def replies(daemon: FakeDaemon, profile: str) -> list[str | None]:
    return [each.text for each in daemon.sent(profile)]


def echo_to(bot: Bot) -> None:
    @bot.on_message
    def echo(message: IncomingMessage) -> None:
        message.reply(message.text)


def place_of(options: Options, bot: Bot) -> Path:
    assert options.state is not None
    (file,) = (options.state / bot.name).glob("*.seq")
    return file


def test_messages_commands_requests_and_events(daemon: FakeDaemon, profile: str, options: Options) -> None:
    bot, seen = Bot("b"), []
    echo_to(bot)

    @bot.command("roll")
    def roll(message: IncomingMessage) -> None:
        """Rolls a die."""
        message.reply(f"{message.rest} of {message.contact().name}", quote=True)

    @bot.on_request
    def welcome(request: ContactRequest) -> None:
        request.accept()
        request.say("welcome")

    @bot.on("message.delivered")
    async def delivered(event: Event) -> None:
        seen.append(event.type)

    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "hello")
        daemon.receive(profile, BOB, "/Roll  two")
        daemon.receive(profile, BOB, "help")
        daemon.receive(profile, BOB, None, overlay=200)
        stranger = daemon.receive(profile, onion("carol"), "may I?")
        daemon.until(lambda: len(daemon.sent(profile)) == 5)
        daemon.deliver(profile, daemon.sent(profile)[0].id)
        daemon.until(lambda: seen == ["message.delivered"])
    assert replies(daemon, profile) == [
        "hello",
        "two of bob",
        "roll: Rolls a die.\nhelp: Says this.",
        "welcome",
        "may I?",
    ]
    assert daemon.sent(profile)[1].reply_to is not None
    assert daemon.sent(profile)[4].conversation == stranger["conversation"]


def test_an_exception_is_logged_without_its_text_and_the_bot_lives_on(
    daemon: FakeDaemon, profile: str, options: Options, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot("b")

    @bot.on_message
    def brittle(message: IncomingMessage) -> None:
        if message.text == "canary":
            raise ValueError(message.text)
        message.reply("fine")

    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "canary")
        daemon.refuse("message.send", -32009, "blocked", "canary")
        daemon.receive(profile, BOB, "refused")
        daemon.receive(profile, BOB, "more")
        daemon.until(lambda: replies(daemon, profile) == ["fine"])
    told = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert "ValueError at test_bot.py:" in told[0]
    assert "RpcError blocked at test_bot.py:" in told[1]
    assert "canary" not in caplog.text
    assert BOB not in caplog.text
    assert profile not in caplog.text


def test_a_first_start_begins_at_the_head_and_later_ones_where_the_bot_was(
    daemon: FakeDaemon, profile: str, options: Options
) -> None:
    bot = Bot("b")
    echo_to(bot)
    daemon.receive(profile, BOB, "old")
    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "one")
        daemon.until(lambda: replies(daemon, profile) == ["one"])
    daemon.receive(profile, BOB, "two")
    with running(bot, daemon, options):
        daemon.until(lambda: replies(daemon, profile) == ["one", "two"])
    file = place_of(options, bot)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert profile[:16] not in file.name


def test_from_the_beginning(daemon: FakeDaemon, profile: str, options: Options) -> None:
    bot = Bot("b")
    echo_to(bot)
    daemon.receive(profile, BOB, "old")
    with running(bot, daemon, Options(options.socket, state=options.state, from_beginning=True)):
        daemon.until(lambda: replies(daemon, profile) == ["old"])


def test_a_handler_that_is_run_again_sends_once(daemon: FakeDaemon, profile: str, options: Options) -> None:
    """Also where it would say something else by now."""
    bot, runs = Bot("b"), []

    @bot.on_message
    def count(message: IncomingMessage) -> None:
        runs.append(1)
        message.reply("got it")
        message.reply(f"run {len(runs)}")

    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "one")
        daemon.until(lambda: len(daemon.sent(profile)) == 2)
    place_of(options, bot).write_text("0\n")  # as after a crash before the place was kept
    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "two")
        daemon.until(lambda: len(daemon.sent(profile)) == 4)
    assert replies(daemon, profile) == ["got it", "run 1", "got it", "run 3"]


def test_what_the_daemon_did_not_take_is_handled_again(
    daemon: FakeDaemon, profile: str, options: Options
) -> None:
    bot, held, go_on = Bot("b"), threading.Event(), threading.Event()

    @bot.on_message
    def slow(message: IncomingMessage) -> None:
        held.set()
        go_on.wait(20)
        message.reply(message.text)

    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "one")
        held.wait(20)
        daemon.stop()
        daemon.receive(profile, BOB, "two")
        go_on.set()
        daemon.start()
        daemon.until(
            lambda: ("message.send", "one") in [(name, each.get("text")) for name, each in daemon.calls]
        )
        assert replies(daemon, profile) == []
        with Client(daemon.path) as client:
            client.profile.unlock(password="secret")
        daemon.until(lambda: replies(daemon, profile) == ["one", "two"])


def test_a_limit_is_waited_for_and_a_handler_is_not_run_into_it_for_ever(
    daemon: FakeDaemon, profile: str, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_run, "_FIRST_PAUSE", 0.001)
    bot, runs = Bot("b"), []

    @bot.on_message
    def limited(message: IncomingMessage) -> None:
        runs.append(message.text)
        if message.text == "always" or runs.count(message.text) == 1:
            daemon.refuse("message.send", -32010, "limit_exceeded", "A limit is reached.")
        message.reply(message.text)

    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "once")
        daemon.receive(profile, BOB, "always")
        daemon.receive(profile, BOB, "after")
        daemon.until(lambda: replies(daemon, profile) == ["once", "after"])
    assert runs.count("once") == 2
    assert runs.count("always") == 8


def test_a_bot_waits_for_the_daemon_and_for_its_profile(tmp_path: Path) -> None:
    bot = Bot("b")
    echo_to(bot)
    daemon = FakeDaemon(tmp_path / "s")
    profile = daemon.create("alice", "secret").id
    daemon.contact(profile)
    daemon.world.profiles[profile].open = False
    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(bot.serve, Options(daemon.path, profile="alice", state=tmp_path / "state"))
        with daemon:
            daemon.until(lambda: ("profile.list", {}) in daemon.calls)
            with Client(daemon.path) as client:
                client.profile.unlock(password="secret")
            daemon.until(lambda: daemon.subscriptions() == 1)
            daemon.receive(profile, BOB, "hi")
            daemon.until(lambda: replies(daemon, profile) == ["hi"])
            bot.stop()
            ending.result()


@pytest.mark.parametrize("kept", [0, 1])
def test_a_place_that_has_expired_goes_on_at_the_oldest_event(
    daemon: FakeDaemon, profile: str, options: Options, kept: int, caplog: pytest.LogCaptureFixture
) -> None:
    bot = Bot("b")
    echo_to(bot)
    with running(bot, daemon, options):
        pass
    for text in ("lost", "lost", "kept")[: 2 + kept]:
        daemon.receive(profile, BOB, text)
    daemon.forget(profile, kept)
    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "new")
        daemon.until(lambda: replies(daemon, profile)[-1:] == ["new"])
    assert replies(daemon, profile) == ["kept", "new"][1 - kept :]
    assert "gone" in caplog.text


def test_a_place_ahead_of_the_log_goes_on_at_the_head(
    daemon: FakeDaemon, profile: str, options: Options
) -> None:
    bot = Bot("b")
    echo_to(bot)
    with running(bot, daemon, options):
        pass
    daemon.receive(profile, BOB, "of another copy")
    place_of(options, bot).write_text("99\n")
    with running(bot, daemon, options):
        daemon.receive(profile, BOB, "new")
        daemon.until(lambda: replies(daemon, profile) == ["new"])


def test_what_is_due_is_called_between_events_and_sent_once(
    daemon: FakeDaemon, profile: str, options: Options
) -> None:
    bot, calls = Bot("b"), []
    conversation = next(iter(daemon.world.profiles[profile].conversations))

    @bot.every(0.01)
    async def tick() -> None:
        calls.append(bot.state)
        bot.send(conversation, f"tick {len(calls)}", once="first")
        raise ValueError

    with running(bot, daemon, options):
        daemon.until(lambda: len(calls) > 2)
    assert replies(daemon, profile) == ["tick 1"]
    assert calls[0] == (options.state or Path()) / "b"


def test_what_a_bot_cannot_work_with_ends_it_with_a_sentence(
    daemon: FakeDaemon, profile: str, options: Options
) -> None:
    bot = Bot("b")
    bot.on("mesage.received")(print)
    with pytest.raises(ClientError, match="no events of the type 'mesage"):
        served(bot, options)
    daemon.create("carol")
    with pytest.raises(ClientError, match="--profile"):
        served(Bot("b"), options)
    with pytest.raises(ValueError, match="name"):
        Bot("no name")


def test_one_bot_of_a_name_at_a_time(daemon: FakeDaemon, profile: str, options: Options) -> None:
    with (
        running(Bot("b"), daemon, options),
        pytest.raises(ClientError, match="running on this profile already"),
    ):
        served(Bot("b"), options)


def test_a_bot_with_a_token(daemon: FakeDaemon, profile: str, options: Options, tmp_path: Path) -> None:
    daemon.needs_token = True
    file = tmp_path / "token"
    with pytest.raises(RpcError, match="token"):
        served(Bot("b"), options)
    file.write_text(daemon.create_token("send", profile=profile) + "\n")
    bot = Bot("b")
    echo_to(bot)
    with running(bot, daemon, Options(options.socket, state=options.state, token_file=file)):
        daemon.receive(profile, BOB, "hi")
        daemon.until(lambda: replies(daemon, profile) == ["hi"])
