"""`cwtch tui` as a process on a terminal of its own."""

import fcntl
import os
import struct
import subprocess
import sys
import termios

import pytest

from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.support.cwtch_process import Screen, environment, on_terminal


@pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")
def test_it_takes_the_screen_and_gives_it_back(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json]
) -> None:
    bob["name"] = "bo\x1b]0;owned\x07b"
    daemon.world.create("work", "other")
    with on_terminal(daemon, "tui", "--profile", "alice") as (process, terminal):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        screen = Screen(terminal)
        screen.until("\x1b[?1049h")
        screen.until(r"bo\x1b]0;owned\x07b")
        os.write(terminal, b"q")
        screen.until("\x1b[?1049l")
        assert process.wait(20) == 0
        assert "\x1b]0;owned" not in screen.text
        assert "Traceback" not in screen.text


def test_without_a_terminal_it_says_what_works_there(daemon: FakeDaemon) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cwtch_cli", "--socket", str(daemon.path), "tui"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("cwtch: This needs a terminal")


def test_other_commands_do_not_wait_for_textual() -> None:
    script = "import sys, cwtch_cli.__main__; sys.exit(int(any(each.startswith('textual') for each in sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", script], env=environment(), check=False, timeout=60).returncode
        == 0
    )
