"""Proofs of work in real processes: solved, told of, given up, and lost."""

import os
import signal
from pathlib import Path

import pytest
from twisted.internet.defer import CancelledError

from cwtchd.protocol.crypto import proof_of_work
from cwtchd.runtime import work
from cwtchd.runtime.work import ProofsOfWork, WorkFailed
from tests.support.reactor import reactor, until

SEED, CHALLENGE = bytes(range(64)), bytes(64)


def workers() -> list[int]:
    """The processes of work that this one has started and that still run."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
                parent, state = int(_stat(process)[1]), _stat(process)[0]
            except OSError:
                continue
            if parent == os.getpid() and state != "Z" and b"cwtchd.runtime.worker" in command:
                found.append(int(process.name))
    return found


def _stat(process: Path) -> list[str]:
    return (process / "stat").read_text().rpartition(")")[2].split()


async def test_a_solution_comes_back_with_how_far_it_was() -> None:
    told: list[int] = []
    proofs = ProofsOfWork(reactor)
    solution = await proofs.solve(SEED, CHALLENGE, told.append)
    assert proof_of_work.check(solution, CHALLENGE)
    assert told == sorted(told)
    await until(lambda: not workers(), 10, "the end of the process")


async def test_one_at_a_time() -> None:
    proofs = ProofsOfWork(reactor)
    first, second = (proofs.solve(SEED, bytes([each]) * 64, lambda _: None) for each in range(2))
    assert len(workers()) <= 1
    assert proof_of_work.check(await first, bytes(64))
    assert proof_of_work.check(await second, bytes([1]) * 64)


async def test_what_is_given_up_is_killed() -> None:
    proofs = ProofsOfWork(reactor)
    asked = proofs.solve(SEED, CHALLENGE, lambda _: None)
    await until(workers, 10, "the process")
    proofs.close()
    with pytest.raises(CancelledError):
        await asked
    await until(lambda: not workers(), 10, "the end of the process")


async def test_a_process_that_dies_is_said_to_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "COMMAND", (work.COMMAND[0], "-c", "import time; time.sleep(60)"))
    proofs = ProofsOfWork(reactor)
    asked = proofs.solve(SEED, CHALLENGE, lambda _: None)
    (worker,) = proofs._under_way
    await until(lambda: worker.transport.pid is not None, 10, "the process")
    os.kill(worker.transport.pid, signal.SIGKILL)
    with pytest.raises(WorkFailed):
        await asked
