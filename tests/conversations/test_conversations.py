"""Conversations as text: two or three peers, a Tor in memory, an inline Ledger and a clock.

A file is commands (`> …`) and, below each, what came of it: what each peer's log told, and who dialled. `CWTCHD_REWRITE=1` writes
what came instead of comparing it: read the diff.

    > peers alice bob                 both unlocked
    > alice adds bob "hello"          > alice adds bob
    > bob accepts|rejects|blocks|unblocks alice
    > alice says bob "hi"             > alice says bob 3 times "hi"
    > bob crashes                     > bob crashes after the next commit
    > bob comes back                  > bob leaves the network     > bob joins the network
    > cut alice bob                   > half-open alice bob        > bob calls alice
    > wait 60                         > alice reads bob            > alice has links with bob
"""

import os
import re
import shlex
from itertools import groupby
from pathlib import Path

import pytest

from cwtchd.app import contacts
from tests.support.peers import Crashed, Someone, World

FOLDER = Path(__file__).parent


class Stage:
    """Where a conversation is played."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World()
        self.people: dict[str, Someone] = {}
        self.down: set[str] = set()
        self.lines: list[str] = []

    def play(self, command: str) -> list[str]:
        """What comes of a command, once everything that is due has happened."""
        self.lines = []
        dials = len(self.world.network.dialled)
        try:
            shown = self._do(shlex.split(command))
            self._flush()
        except Crashed as crash:
            self._crash(str(crash))
            self._flush()
            shown = []
        for onion, isolation in self.world.network.dialled[dials:]:
            if isolation.startswith(f"{onion}:self:"):
                continue  # a profile that calls itself is no part of a conversation
            self.lines += [
                f"{each.name} dials" for each in self.people.values() if isolation.startswith(each.onion)
            ]
        for someone in self.people.values():
            if someone.name not in self.down:
                self.lines += someone.news()
        told = [(line, len(list(same))) for line, same in groupby(self.lines)]
        return [line if times == 1 else f"{line} ({times} times)" for line, times in told] + shown

    def _flush(self) -> None:
        try:
            self.world.flush()
        except Crashed as crash:
            self._crash(str(crash))
            self.world.flush()

    def _crash(self, name: str) -> None:
        self.people[name].crash()
        self.down.add(name)
        self.lines.append(f"{name} is gone")

    def _do(self, words: list[str]) -> list[str]:
        match words:
            case ["peers", *names]:
                self.people = {name: Someone(self.folder, name, self.world) for name in names}
            case ["wait", seconds]:
                self.world.wait(float(seconds))
            case ["cut", one, other]:
                for link in self.world.links_between(self.people[one].tor, self.people[other].tor):
                    link.cut()
            case ["half-open", one, other]:
                for link in self.world.links_between(self.people[one].tor, self.people[other].tor):
                    link.half_open()
            case [who, *rest]:
                return self._act(self.people[who], rest)
        return []

    def _act(self, who: Someone, words: list[str]) -> list[str]:
        match words:
            case ["adds", other, *greeting]:
                who.add(self.people[other], greeting[0] if greeting else None)
            case [("accepts" | "rejects" | "blocks" | "unblocks") as verb, other]:
                decide = getattr(contacts, verb[:-1])
                conversation = who.conversation(self.people[other])
                who.do(lambda uow: decide(uow, conversation))
            case ["says", other, text]:
                who.send(self.people[other], text)
            case ["says", other, times, "times", text]:
                for number in range(int(times)):
                    who.send(self.people[other], f"{text} {number}")
            case ["crashes"]:
                self._crash(who.name)
            case ["crashes", "after", "the", "next", "commit"]:
                who.crash_after_commit()
            case ["comes", "back"]:
                self.down.discard(who.name)
                who.come_back()
            case ["leaves", "the", "network"]:
                who.tor.go_offline()
            case ["joins", "the", "network"]:
                who.tor.go_online()
            case ["calls", other]:
                who.profile.dial(self.people[other].onion)
            case ["reads", other]:
                return who.transcript(self.people[other])
            case ["has", "links", "with", other]:
                return [str(who.links(self.people[other]))]
            case _:
                pytest.fail(f"nobody knows how to: {who.name} {' '.join(words)}")
        return []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_conversation(path: Path, tmp_path: Path) -> None:
    stage, came = Stage(tmp_path), []
    wanted = path.read_text("utf-8")
    for line in wanted.splitlines():
        if line.startswith("> "):
            came += [line, *(f"    {each}" for each in stage.play(line[2:]))]
        elif not re.match(r"\s+\S", line):
            came.append(line)
    text = "\n".join(came) + "\n"
    if os.environ.get("CWTCHD_REWRITE"):
        path.write_text(text, "utf-8")
    else:
        assert text == wanted
