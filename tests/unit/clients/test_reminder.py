"""The reminder: durable, told once, and no words on the disk."""

import json
from pathlib import Path

import pytest

from bots import reminder
from cwtch_client.bot_options import Options
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.test_bot import BOB, replies, running


@pytest.fixture
def profile(daemon: FakeDaemon) -> str:
    made = daemon.create("alice").id
    daemon.contact(made, "bob")
    return made


@pytest.fixture
def options(daemon: FakeDaemon, profile: str, tmp_path: Path) -> Options:
    return Options(daemon.path, state=tmp_path)


def said(daemon: FakeDaemon, profile: str, text: str, answers: int) -> list[str | None]:
    """What the bot has said once it has answered so often."""
    daemon.receive(profile, BOB, text)
    daemon.until(lambda: len(daemon.sent(profile)) >= answers)
    return replies(daemon, profile)


def test_a_reminder_is_told_when_it_is_due(daemon: FakeDaemon, profile: str, options: Options) -> None:
    with running(reminder.bot, daemon, options):
        assert "is set" in str(said(daemon, profile, "remind 1s drink tea", 1)[0])
        daemon.until(lambda: len(daemon.sent(profile)) == 2)
        assert replies(daemon, profile)[1] == "drink tea"
        assert said(daemon, profile, "list", 3)[2] == "There is nothing to come."


def test_what_is_to_come_survives_a_restart_without_words_on_the_disk(
    daemon: FakeDaemon, profile: str, options: Options, tmp_path: Path
) -> None:
    file = tmp_path / "reminder" / "reminders.json"
    with running(reminder.bot, daemon, options):
        said(daemon, profile, "remind 9d canary", 1)
    assert "canary" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    rows = json.loads(file.read_text())
    ((number, (conversation, _)),) = rows.items()
    file.write_text(json.dumps({number: [conversation, 0]}))  # due while the bot was away
    with running(reminder.bot, daemon, options):
        daemon.until(lambda: replies(daemon, profile)[-1] == "canary")
    file.write_text(json.dumps({number: [conversation, 0]}))  # as after a crash before it was dropped
    with running(reminder.bot, daemon, options):
        daemon.until(lambda: json.loads(file.read_text()) == {})
    assert replies(daemon, profile).count("canary") == 1


def test_lists_forgets_and_explains(daemon: FakeDaemon, profile: str, options: Options) -> None:
    with running(reminder.bot, daemon, options):
        said(daemon, profile, "remind 2h one", 1)
        listed = str(said(daemon, profile, "list", 2)[1])
        number = listed.split(":", maxsplit=1)[0]
        said(daemon, profile, f"forget {number}", 3)
        assert said(daemon, profile, "list", 4)[3] == "There is nothing to come."
        assert "remind 20m tea" in str(said(daemon, profile, "hello", 5)[4])
        assert "forget" in str(said(daemon, profile, "help", 6)[5])
        assert said(daemon, profile, "remind soon", 7)[6] == reminder.HOW


def test_a_message_that_is_gone_reminds_nobody(
    daemon: FakeDaemon, profile: str, options: Options, tmp_path: Path
) -> None:
    file = tmp_path / "reminder" / "reminders.json"
    file.parent.mkdir()
    file.write_text('{"77": [1, 0]}')
    with running(reminder.bot, daemon, options):
        daemon.until(lambda: json.loads(file.read_text()) == {})
    assert replies(daemon, profile) == []


def test_what_is_said_as_a_time() -> None:
    assert reminder.parsed("20m tea") == (1200, "tea")
    assert reminder.parsed("1 d  two\nlines") == (86_400, "two\nlines")
    assert [reminder.parsed(text) for text in ("", "tea", "20 tea", "9999d tea", "20m")] == [None] * 5
