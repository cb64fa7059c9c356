"""A fake daemon with one open profile and bob in it, and `cwtch` run against it in this process."""

import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cwtch_cli.__main__ import run
from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon

BOB = onion("bob")


@dataclass
class Outcome:
    status: int
    out: str
    err: str


Cwtch = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CWTCHD_SOCKET", "CWTCHD_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nowhere"))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDaemon]:
    with FakeDaemon(tmp_path / "s") as fake:
        yield fake


@pytest.fixture
def alice(daemon: FakeDaemon) -> FakeProfile:
    return daemon.world.create("alice", "secret")


@pytest.fixture
def bob(daemon: FakeDaemon, alice: FakeProfile) -> dict[str, Json]:
    return daemon.world.add_conversation(alice, BOB, "bob", "accepted")


@pytest.fixture
def cwtch(daemon: FakeDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cwtch:
    def call(*arguments: str, stdin: bytes = b"", socket: str | None = None) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        status = run(["--socket", socket or str(daemon.path), *arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call
