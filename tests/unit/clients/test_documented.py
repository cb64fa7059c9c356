"""docs/clients.md: its examples are code that works. The pages for people: their command lines are ones that the programs take."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from cwtch_cli.__main__ import cli
from cwtch_client.bot import Bot
from cwtch_client.testing import FakeDaemon
from cwtchd.__main__ import main

DOCS = Path(__file__).parent.parent.parent.parent / "docs"
PAGE = DOCS / "clients.md"
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


def command_lines(page: str) -> list[list[str]]:
    """What follows the prompts of a page, without comments and pipes; `server` is an alias of the operator's page."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL):
        for line in re.findall(r"^\w*\$ (.*)$", block, re.MULTILINE):
            words = shlex.split(line, comments=True)
            words = ["cwtch", *words[1:]] if words[:1] == ["server"] else words
            start = next((at for at, word in enumerate(words) if word in ("cwtch", "cwtchd")), None)
            if start is not None and words[0] not in ("man", "alias"):
                rest = words[start:]
                end = next((at for at, word in enumerate(rest) if word in ("|", "&&", ">")), len(rest))
                found.append(rest[:end])
    return found


@pytest.mark.parametrize(
    "words", command_lines("running-a-server.md") + command_lines("cli.md"), ids=" ".join
)
def test_the_command_lines_in_the_pages_are_taken(words: list[str]) -> None:
    program, *rest = words
    context = click.Context(cli if program == "cwtch" else main, info_name=program)
    while isinstance(context.command, click.Group):
        while rest[0].startswith("--"):  # what stands before the noun: an option with its value
            rest = rest[2:]
        command = context.command.commands[rest[0]]
        if isinstance(command, click.Group):
            context, rest = click.Context(command, context, rest[0]), rest[1:]
        else:
            context = command.make_context(rest[0], rest[1:], context)
    assert not isinstance(context.command, click.Group)


def test_the_operators_page_has_a_command_for_each_verb() -> None:
    used = {
        words[words.index("hosting") + 1]
        for words in command_lines("running-a-server.md")
        if "hosting" in words
    }
    hosting = cli.commands["hosting"]
    assert isinstance(hosting, click.Group)
    assert used == set(hosting.commands) - {"stop"}, "stop is told in the text"
