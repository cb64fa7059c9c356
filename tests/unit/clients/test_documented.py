"""docs/clients.md: its examples are code that works."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from cwtch_client.bot import Bot
from cwtch_client.testing import FakeDaemon

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "clients.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
TESTS = [block for block in BLOCKS if "def test_" in block]


def executed(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "documented"}
    exec(compile(block, str(PAGE), "exec"), names)
    return names


@pytest.mark.parametrize("block", TESTS)
def test_the_tests_in_it_pass(block: str, tmp_path: Path) -> None:
    (test,) = (value for name, value in executed(block).items() if name.startswith("test_"))
    test(tmp_path)


def test_the_calls_in_it_are_answered(
    daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alice = daemon.create("alice").id
    monkeypatch.setenv("CWTCHD_SOCKET", str(daemon.path))
    daemon.receive(alice, daemon.contact(alice, "bob").address or "", "hi")
    (block,) = (each for each in BLOCKS if "with Client(socket_path" in each and "events" not in each)
    executed(block)
    assert capsys.readouterr().out.startswith("bob ['hi']\nnot_found - ")


def test_the_bot_in_it_is_one() -> None:
    (block,) = (each for each in BLOCKS if "Bot(" in each and "def test_" not in each)
    assert isinstance(executed(block)["bot"], Bot)


def test_every_example_is_python() -> None:
    assert len(BLOCKS) >= 6
    for block in BLOCKS:
        ast.parse(block)
