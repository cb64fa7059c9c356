"""`cwtchd serve` as somebody starts it, and its metrics: real commands, real signals. Its Tor is one that isn't there."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cwtchd.protocol.wire.bundle import decode_bundle
from tests.support.node import Caller, refused, until

PATIENCE = 30


@contextlib.contextmanager
def serving(home: Path, *more: str | Path) -> Iterator["subprocess.Popen[str]"]:
    words = [
        sys.executable,
        "-m",
        "cwtchd",
        "serve",
        "--home",
        home,
        "--tor",
        f"unix:{home.parent}/no-tor",
        *more,
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CWTCH")}
    with (
        (home.parent / "said").open("a") as said,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said, text=True, env=environment) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def bundle(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def said(home: Path) -> str:
    return (home.parent / "said").read_text()


def caller(home: Path) -> Caller:
    def connected() -> Caller | None:
        try:
            return Caller(home / "cwtchd.sock")
        except OSError:
            return None

    found = until("the API answers", connected, PATIENCE)
    assert found is not None
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_the_first_line_is_the_bundle_and_stays_the_same(home: Path) -> None:
    with serving(home, "--description", "ours") as process:
        first = bundle(process)
        decode_bundle(first)
        assert "unencrypted" in said(home)
        call = caller(home)
        (hosted,) = call("hosting.list")
        assert (hosted["bundle"], hosted["description"], hosted["autostart"]) == (first, "ours", True)
        refused("only_serves", call, "profile.create", name="alice", password="x")
        refused("only_serves", call, "profile.unlock", password="x")
        call.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    with serving(home) as process:
        assert bundle(process) == first


def test_a_password_seals_and_brings_back(home: Path, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("a long sentence\n")
    password.chmod(0o600)
    with serving(home, "--password-file", password) as process:
        first = bundle(process)
        call = caller(home)
        assert call("hosting.list")[0]["sealed"]
        call.close()
    with serving(home, "--password-file", password) as process:
        assert bundle(process) == first
    with serving(home):
        until("it says what to do", lambda: "cwtch hosting start" in said(home), PATIENCE)
        call = caller(home)
        assert [(each["state"], each["bundle"]) for each in call("hosting.list")] == [("stopped", None)]
        call.close()


def test_a_second_one_on_the_home_is_refused(home: Path) -> None:
    with serving(home) as process:
        assert bundle(process)
        with serving(home, "--socket", home.parent / "other.sock") as second:
            assert second.wait(PATIENCE) == 1
        assert "Another cwtchd runs on this home" in said(home)


def test_metrics_are_sums_for_programs_of_this_machine_only(home: Path) -> None:
    port = free_port()
    with serving(home, "--metrics", str(port)) as process:
        assert bundle(process)
        url = f"http://127.0.0.1:{port}"

        def asked(path: str = "/metrics", method: str = "GET", **headers: str) -> tuple[int, str]:
            request = Request(url + path, method=method, headers=headers)
            try:
                with urlopen(request, timeout=PATIENCE) as answer:
                    return answer.status, answer.read().decode()
            except HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        status, page = asked()
        assert status == 200
        for name in ("messages", "bytes", "connections", "synced", "posts_total", "tokens_signed_total"):
            assert f"cwtchd_server_{name}{{server=" in page
        assert ".onion" not in page
        call = caller(home)
        assert decode_bundle(call("hosting.list")[0]["bundle"]).server not in page
        call.close()
        assert asked(Host="evil.example")[0] == 403
        assert asked(Origin="http://evil.example")[0] == 403
        assert asked("/")[0] == 404
        assert asked(method="POST")[0] == 405
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as raw:
            raw.sendall(b"\0" * 100 + b"\r\n\r\n")
            assert raw.recv(1000).startswith(b"HTTP/1.1 400")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
