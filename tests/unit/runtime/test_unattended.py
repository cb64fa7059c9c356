"""Passwords of the start: every source, each once, and what is said of those that are of no use."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFDSet

from cwtchd import log
from cwtchd.app.errors import Stopping, StorageFailed, WrongPassword
from cwtchd.credential import PasswordSources
from cwtchd.runtime.unattended import Unattended
from tests.support.reactor import pause, reactor, until

LOOP = cast(IReactorFDSet, reactor)


class Lock:
    """What passwords open."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.outcomes: dict[str, Exception] = {}

    def unlock(self, password: str) -> "Deferred[int]":
        self.tried.append(password)
        outcome = self.outcomes.get(password)
        return succeed(0) if outcome is None else fail(outcome)


@pytest.fixture
def lock() -> Lock:
    return Lock()


@pytest.fixture
def lines() -> Iterator[list[str]]:
    written: list[str] = []
    before = log._write
    log.write_to(written.append)
    yield written
    log.write_to(before)


def private(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(0o600)
    return path


def starting(lock: Lock, sources: PasswordSources) -> Unattended:
    return Unattended(LOOP, sources, lock.unlock)


async def test_files_descriptors_and_credentials_are_each_tried_once(
    tmp_path: Path, lock: Lock, lines: list[str]
) -> None:
    reading, writing = os.pipe()
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "cwtchd.password").write_text("the third\n")
    (credentials / "other").write_text("nobody's")
    files = (private(tmp_path / "one", "the first\n"),)
    start = starting(lock, PasswordSources(files, (reading,), credentials))
    done = start.begin()
    await until(lambda: len(lock.tried) == 2)
    assert start.waiting == 1, "the pipe is still open"
    for part in (b"the sec", b"ond", b"\n"):  # a writer takes its time
        os.write(writing, part)
        await pause()
    os.close(writing)
    await done
    assert sorted(lock.tried) == ["the first", "the second", "the third"]
    assert (start.waiting, start.useless) == (0, 0)
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(reading)
    assert not [line for line in lines if "the first" in line or str(tmp_path) in line]


async def test_what_is_of_no_use_is_said_and_spoils_nothing(
    tmp_path: Path, lock: Lock, lines: list[str]
) -> None:
    lock.outcomes = {"wrong": WrongPassword(), "damaged": StorageFailed(), "strange": RuntimeError("canary")}
    files = [private(tmp_path / name, name) for name in ("wrong", "damaged", "strange", "right", "open")]
    files[-1].chmod(0o644)
    os.mkfifo(tmp_path / "pipe", 0o600)
    start = starting(lock, PasswordSources((*files, tmp_path / "missing", tmp_path / "pipe")))
    done = start.begin()
    await until(lambda: start.waiting == 1)
    private(tmp_path / "other", "")
    writer = os.open(tmp_path / "pipe", os.O_WRONLY)
    os.write(writer, b"x" * 5000)
    os.close(writer)
    await done
    assert sorted(lock.tried) == ["damaged", "right", "strange", "wrong"]
    assert start.useless == 6
    told = "\n".join(lines)
    for reason in (
        "opens nothing",
        "can't be read",
        "could not be tried",
        "chmod 600",
        "No such file",
        "longer",
    ):
        assert reason in told, reason
    assert "canary" not in told


async def test_a_credentials_directory_that_is_not_there_is_said(
    tmp_path: Path, lock: Lock, lines: list[str]
) -> None:
    start = starting(lock, PasswordSources(credentials=tmp_path / "nowhere"))
    await start.begin()
    assert start.useless == 1
    assert "credentials directory can't be read" in lines[0]
    (tmp_path / "nowhere").mkdir()
    start = starting(lock, PasswordSources(credentials=tmp_path / "nowhere"))
    await start.begin()
    assert start.useless == 0, "a service may have credentials, and no password among them"


async def test_a_stop_waits_for_no_pipe_and_calls_nothing_useless(
    tmp_path: Path, lock: Lock, lines: list[str]
) -> None:
    reading, writing = os.pipe()
    lock.outcomes = {"late": Stopping()}
    start = starting(lock, PasswordSources((private(tmp_path / "late", "late"),), (reading,)))
    done = start.begin()
    await until(lambda: lock.tried)
    start.close()
    await done
    os.close(writing)
    assert (start.useless, lines) == (0, [])
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(reading)
