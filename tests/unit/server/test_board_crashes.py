"""Token accounting, against a model, in a process that is killed at every step of SQLite and at every write to its files.

A token is spent if and only if its message is kept; what was answered is there; what was not answered is there wholly or not at all.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store import board
from cwtchd.store.board import Totals, open_board
from cwtchd.store.database import UnitOfWork
from tests.support.crashing_board import ROWS_KEPT, Post, Prune, Story, story
from tests.support.hosted_board import ALL

BATCHES = 10
STRIDE = 53
PAGE = 4096
FRAME = PAGE + 24
"""A page in SQLite's write-ahead log, which has a header of its own."""
WAL_HEADER = 32


@dataclass(frozen=True)
class State:
    """What is kept: rows by id, tokens, sums."""

    rows: tuple[tuple[int, EncryptedGroupMessage], ...]
    spent: frozenset[bytes]
    sums: Totals


@dataclass
class Model:
    """What a board is to do, said without a database."""

    rows: dict[int, EncryptedGroupMessage] = field(default_factory=dict)
    spent: set[bytes] = field(default_factory=set)
    newest: int = 0

    def apply(self, step: Post | Prune) -> str:
        if isinstance(step, Prune):
            gone = sorted(self.rows)[: max(0, len(self.rows) - ROWS_KEPT)]
            for row in gone:
                del self.rows[row]
            return f"pruned-{len(gone)}"
        if step.token.secret in self.spent:
            return "spent-None"
        if not step.honest:
            return "not_ours-None"
        self.spent.add(step.token.secret)
        if step.message in self.rows.values():
            return "repeated-None"
        self.newest += 1
        self.rows[self.newest] = step.message
        return f"stored-{self.newest}"

    def state(self) -> State:
        size = sum(len(each.ciphertext) + len(each.signature) for each in self.rows.values())
        sums = Totals(len(self.rows), size, self.newest)
        return State(tuple(sorted(self.rows.items())), frozenset(self.spent), sums)


def foretold(told: Story) -> tuple[list[str], list[State]]:
    """The answer to each batch, and the state before the first and after each."""
    model, answers, states = Model(), [], [Model().state()]
    for batch in told.batches:
        answers.append(",".join(model.apply(step) for step in batch))
        states.append(model.state())
    return answers, states


def found(folder: Path) -> State:
    """What a new process finds."""
    database = open_board(folder / "board.db", make=False)
    assert database.sql.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    uow = UnitOfWork(database.sql, 0, bytes)
    rows = tuple((row.id, row.message) for row in board.page(uow, 0, ALL, 1_000))
    spent = frozenset(secret for (secret,) in database.sql.exec_driver_sql("SELECT secret FROM spent_tokens"))
    state = State(rows, spent, board.sums(uow))
    database.close()
    return state


class Killer:
    """Runs the story in processes that die, each on its own copy of an empty board."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        (folder / "empty").mkdir()
        open_board(folder / "empty" / "board.db", make=True).close()
        self._copies = 0

    def new_folder(self) -> Path:
        self._copies += 1
        copy = self._folder / str(self._copies)
        shutil.copytree(self._folder / "empty", copy)
        return copy

    def run(self, folder: Path, first: int, how: str, where: int) -> tuple[int, list[str]]:
        """What it died of (0: of nothing), and what it had answered."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{folder} {first} {how} {where}\n")
        self._process.stdin.flush()
        died, *answers = self._process.stdout.readline().split()
        return int(died), answers


@contextmanager
def killer(seed: int, folder: Path) -> Iterator[Killer]:
    command = [sys.executable, "-m", "tests.support.crashing_board", str(seed), str(BATCHES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Killer(process, folder)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


def deaths(steps: int, seed: int) -> Iterator[tuple[str, int]]:
    """Where to die: each seed at other steps of SQLite; at each page that a file grows by, before it and in the midst of it."""
    for at in range(seed, steps, STRIDE):
        yield "step", at
    for batch in range(BATCHES):
        yield "answer", batch
    for frame in range(BATCHES * 4):
        yield "byte", WAL_HEADER + FRAME * frame + (frame + seed) % 2 * 2_000
    for page in range(30):
        yield "checkpoint", PAGE * page + (page + seed) % 2 * 2_000


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_board_has_spent_what_it_has_kept_and_nothing_else(tmp_path: Path, seed: int) -> None:
    answers, states = foretold(story(seed, BATCHES))
    with killer(seed, tmp_path) as killing:
        whole = killing.new_folder()
        died, [*said, steps] = killing.run(whole, 0, "never", 0)
        assert (died, said, found(whole)) == (0, answers, states[-1])
        told = dict.fromkeys(("step", "answer", "byte", "checkpoint"), 0)
        unanswered = 0
        for how, where in deaths(int(steps.partition(":")[2]), seed):
            folder = killing.new_folder()
            died, said = killing.run(folder, 0, how, where)
            if died == 0:
                continue  # no file grew so long
            assert died == (signal.SIGXFSZ if how in {"byte", "checkpoint"} else signal.SIGKILL)
            assert said == answers[: len(said)]
            state = found(folder)
            there = len(said) if state == states[len(said)] else len(said) + 1
            assert state == states[there]
            told[how] += 1
            unanswered += there > len(said)
            if sum(told.values()) % 4 == 0:  # what is left of the story is told to the end
                died, [*said, _] = killing.run(folder, there, "never", 0)
                assert (died, said, found(folder)) == (0, answers[there:], states[-1])
            shutil.rmtree(folder)
    assert min(told.values()) >= 5, told
    assert unanswered >= 3, "no death came between a commit and its answer"


def test_the_stories_have_everything_in_them() -> None:
    told = {
        word.rpartition("-")[0] if word != "pruned-0" else word
        for seed in (1, 2)
        for answer in foretold(story(seed, BATCHES))[0]
        for word in answer.split(",")
    }
    assert told == {"stored", "repeated", "spent", "not_ours", "pruned", "pruned-0"}
