"""Bots as real processes on real daemons: one reply to each message, whoever is killed and when."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import PATIENCE, ROOT, Node, nodes, until


class BotProcess:
    """A bot that works for one node's profile."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.log = folder / "bot.log"
        self._options = ["--socket", str(node.socket), "--state", str(folder / "state")]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, module: str, *options: str, dies_after: int | None = None) -> None:
        """Starts it; with `dies_after`, to be killed after a handler, in place of the next note but so many."""
        crash = [] if dies_after is None else ["tests.support.crashing_bot"]
        notes = [] if dies_after is None else [str(dies_after)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *crash, module, *notes, *self._options, *options],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT / "clients")},
                stdin=subprocess.DEVNULL,
                stderr=log,
            )

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait(PATIENCE)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self.wait()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Node, Node, BotProcess]]:
    """Two daemons, and a bot for bob, which has not started."""
    with nodes(tmp_path, "alice", "bob") as (alice, bob):
        bot = BotProcess(tmp_path, bob)
        try:
            yield alice, bob, bot
        finally:
            bot.end()


def test_one_reply_to_each_message_whoever_is_killed(pair: tuple[Node, Node, BotProcess]) -> None:
    alice, bob, bot = pair
    bot.start("bots.echobot")
    until("the bot follows", lambda: "follows" in bot.log.read_text())
    chat = alice("contact.add", address=bob.id, message="hello, may I?")["id"]
    wanted = ["hello, may I?"]
    until("the request is accepted and answered", lambda: alice.texts(chat, outgoing=False) == wanted)
    assert bot.stop(signal.SIGKILL) == -signal.SIGKILL

    for number in range(
        4
    ):  # four times a handler has returned, and the bot is killed before it can note that
        wanted.append(f"message {number}")
        alice.send(chat, wanted[-1])
        bot.start("bots.echobot", dies_after=number % 2)
        assert bot.wait() == -signal.SIGKILL
    bot.start("bots.echobot")
    wanted.append("the last")
    alice.send(chat, wanted[-1])
    until("all are answered", lambda: len(alice.texts(chat, outgoing=False)) >= len(wanted))
    assert alice.texts(chat, outgoing=False) == wanted

    bob.kill()
    wanted.append("while the daemon is away")
    alice.send(chat, wanted[-1])
    bob.restart()
    until("the bot is back", lambda: len(alice.texts(chat, outgoing=False)) >= len(wanted))
    assert alice.texts(chat, outgoing=False) == wanted
    assert bot.stop() == 0
    conversation = bob.conversation_with(alice)
    assert conversation is not None
    assert bob.texts(conversation["id"], outgoing=True) == wanted
    assert "Traceback" not in bot.log.read_text()
    assert "message 0" not in bot.log.read_text()


def test_a_bot_may_be_kept_to_its_profile_by_a_token(
    pair: tuple[Node, Node, BotProcess], tmp_path: Path
) -> None:
    alice, bob, bot = pair
    file = tmp_path / "token"
    file.write_text(bob.call("token.create", scope="send", profile=bob.id)["token"])
    bot.start("bots.echobot", "--token-file", str(file))
    until("the bot follows", lambda: "follows" in bot.log.read_text())
    chat = alice("contact.add", address=bob.id, message="hello, may I?")["id"]
    wanted = ["hello, may I?", *(str(number) for number in range(60))]
    for text in wanted[1:]:
        alice.send(chat, text)
    until("all are answered", lambda: len(alice.texts(chat, outgoing=False)) >= len(wanted))
    assert alice.texts(chat, outgoing=False) == wanted
    assert "failed" not in bot.log.read_text()
