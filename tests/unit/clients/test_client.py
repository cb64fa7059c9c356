"""The library: calls, typed errors, bounded lines, events over lost connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cwtch_client import (
    BadAnswer,
    CallTooLong,
    Client,
    ConnectionLost,
    Conversation,
    CursorExpired,
    DaemonAbsent,
    Event,
    Message,
    NoAnswer,
    NotText,
    Profile,
    RpcError,
    SocketRefused,
    TokenUnreadable,
    socket_path,
)
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.conftest import BOB


@contextmanager
def answering(path: Path, answer: bytes, *, hold: bool = False) -> Iterator[None]:
    """A daemon that answers its first line with these bytes and closes, or holds the connection."""
    done = threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        made, _ = listener.accept()
        with made:
            made.recv(1 << 16)
            try:
                made.sendall(answer)
            except OSError:
                return
            if hold:
                done.wait(20)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        listener.close()


def test_nouns_are_typed_and_unknown_fields_passed_over(daemon: FakeDaemon, alice: FakeProfile) -> None:
    with Client(daemon.path) as client:
        found = client.ask(list[Profile], "profile.list")
        assert [each.name for each in found] == ["alice"]
        made = client.ask(Conversation, "contact.add", profile=alice.id, address=BOB, message="hi")
        assert (made.state, made.address) == ("accepted", BOB)
        assert "name" not in daemon.calls[-1][1]
        sent = client.ask(
            Message, "message.send", profile=alice.id, conversation=made.id, text="private words"
        )
        assert sent.outgoing
        assert "private" not in repr(sent)


def test_a_refusal_has_code_name_data_and_sentence(daemon: FakeDaemon) -> None:
    daemon.refuse("profile.list", -32010, "limit_exceeded", "A limit is reached.")
    with Client(daemon.path) as client:
        with pytest.raises(RpcError) as caught:
            client.call("profile.list")
        assert (caught.value.code, caught.value.name, str(caught.value)) == (
            -32010,
            "limit_exceeded",
            "A limit is reached.",
        )
        assert caught.value.data == {"name": "limit_exceeded"}
        assert client.call("profile.list") == []


def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(DaemonAbsent, match="cwtchd run"):
        Client(tmp_path / "none").call("daemon.status")
    (tmp_path / "file").touch()
    with pytest.raises(DaemonAbsent):
        Client(tmp_path / "file").call("daemon.status")
    with pytest.raises(SocketRefused, match="too long"):
        Client(tmp_path / ("x" * 200)).call("daemon.status")


def test_a_lost_connection_is_said_and_the_next_call_makes_another(daemon: FakeDaemon) -> None:
    with Client(daemon.path) as client:
        client.call("daemon.status")
        daemon.drop()
        with pytest.raises(ConnectionLost):
            client.call("daemon.status")
        assert client.call("profile.list") == []


@pytest.mark.parametrize(
    "answer",
    [
        b"no json\n",
        b'{"id": "x"}\n',
        b'"text"\n',
        b"\xff\xfe\n",
        b"[" * 200_000 + b"\n",
        b"x" * ((1 << 20) + 2),
    ],
)
def test_what_is_no_answer_is_refused(tmp_path: Path, answer: bytes) -> None:
    with (
        answering(tmp_path / "s", answer, hold=True),
        Client(tmp_path / "s") as client,
        pytest.raises(BadAnswer),
    ):
        client.call("daemon.status")


def test_no_answer_is_waited_for_so_long_only(tmp_path: Path) -> None:
    with (
        answering(tmp_path / "s", b"", hold=True),
        Client(tmp_path / "s", 0.2) as client,
        pytest.raises(NoAnswer),
    ):
        client.call("daemon.status")


def test_an_error_without_id_ends_the_call(tmp_path: Path) -> None:
    line = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"No JSON."}}\n'
    with answering(tmp_path / "s", line), Client(tmp_path / "s") as client:
        with pytest.raises(RpcError) as caught:
            client.call("daemon.status")
        assert (caught.value.code, caught.value.name) == (-32700, None)


def test_an_answer_to_a_call_that_was_given_up_is_passed_over(tmp_path: Path) -> None:
    lines = b'{"id":7,"result":"old"}\n{"method":"event","params":{}}\n{"id":1,"result":"mine"}\n'
    with answering(tmp_path / "s", lines), Client(tmp_path / "s") as client:
        assert client.call("daemon.status") == "mine"


def test_what_cannot_be_sent_is_said_before(daemon: FakeDaemon) -> None:
    with Client(daemon.path) as client:
        with pytest.raises(CallTooLong) as caught:
            client.call("x", text="y" * (1 << 20))
        assert caught.value.size > caught.value.limit == 1 << 20
        with pytest.raises(NotText):
            client.call("x", text="\udcff")
    assert daemon.calls == []


def test_events_begin_behind_the_cursor_or_at_the_head(daemon: FakeDaemon, alice: FakeProfile) -> None:
    daemon.receive(alice.id, BOB, "one")
    with Client(daemon.path) as client:
        stored = client.events(alice.id, after=1)
        first = next(stored)
        assert (first.seq, first.type) == (2, "message.received")
        found = first.message()
        assert found is not None
        assert found.text == "one"
        stored.close()
        daemon.until(lambda: daemon.subscriptions() == 0)
        live = client.events(alice.id)
        told: list[Event] = []
        reader = threading.Thread(target=lambda: told.append(next(live)))
        reader.start()
        daemon.until(lambda: daemon.subscriptions() == 1)
        daemon.receive(alice.id, BOB, "two")
        reader.join()
        assert [each.seq for each in told] == [3]
        live.close()


def unlock_once_asked(daemon: FakeDaemon) -> None:
    """Opens alice's profile after somebody tried to subscribe to it in vain."""
    daemon.until(lambda: daemon.calls[-1][0] == "event.subscribe" and daemon.subscriptions() == 0)
    with Client(daemon.path) as client:
        client.call("profile.unlock", password="secret")


def test_events_go_on_over_dropped_connections_and_a_killed_daemon(
    daemon: FakeDaemon, alice: FakeProfile
) -> None:
    """Nothing is missed, nothing seen twice, whichever way the connection goes."""
    lost: list[int] = []
    with Client(daemon.path) as client:
        events = client.events(alice.id, after=0, lost=lambda: lost.append(1))
        daemon.receive(alice.id, BOB, "0")
        seen = [next(events), next(events)]
        for number in range(1, 4):
            daemon.drop()
            daemon.receive(alice.id, BOB, str(number))
            seen.append(next(events))
        daemon.stop()
        daemon.receive(alice.id, BOB, "4")
        daemon.start()
        opener = threading.Thread(target=unlock_once_asked, args=(daemon,))
        opener.start()
        seen.append(next(events))
        opener.join()
        assert [each.seq for each in seen] == [1, 2, 3, 4, 5, 6]
        assert len(lost) == 4
        events.close()


def test_events_wait_for_a_locked_profile(daemon: FakeDaemon, alice: FakeProfile) -> None:
    def unlock() -> None:
        with Client(daemon.path) as other:
            other.call("profile.unlock", password="secret")
        daemon.receive(alice.id, BOB, "hi")

    def lock() -> None:
        daemon.until(lambda: daemon.subscriptions() == 1)
        with Client(daemon.path) as other:
            other.call("profile.lock", profile=alice.id)

    with Client(daemon.path) as client:
        events = client.events(alice.id, lost=unlock)
        locker = threading.Thread(target=lock)
        locker.start()
        assert next(events).type == "profile.locked"
        locker.join()
        assert [next(events).seq, next(events).seq] == [1, 2]
        events.close()


def test_patience_ends(daemon: FakeDaemon, alice: FakeProfile) -> None:
    with Client(daemon.path) as client:
        events = client.events(alice.id, after=0, patience=0.3)
        daemon.receive(alice.id, BOB, "hi")
        next(events), next(events)
        daemon.stop()
        with pytest.raises(DaemonAbsent):
            next(events)


def test_a_first_subscription_that_is_refused_fails_at_once(daemon: FakeDaemon) -> None:
    with Client(daemon.path) as client, pytest.raises(RpcError) as caught:
        next(client.events("x" * 56))
    assert caught.value.name == "profile_locked"


def test_where_the_socket_is() -> None:
    everything = {"CWTCHD_SOCKET": "/e/sock", "CWTCHD_HOME": "/e/home", "XDG_RUNTIME_DIR": "/run/me"}
    rest = dict(everything)
    assert socket_path("/o/sock", "/o/home", everything) == Path("/o/sock")
    assert socket_path(None, "/o/home", everything) == Path("/e/sock")
    del rest["CWTCHD_SOCKET"]
    assert socket_path(None, "/o/home", rest) == Path("/o/home/cwtchd.sock")
    assert socket_path(None, None, rest) == Path("/e/home/cwtchd.sock")
    del rest["CWTCHD_HOME"]
    assert socket_path(None, None, rest) == Path("/run/me/cwtchd/cwtchd.sock")
    assert socket_path("", "", {"XDG_RUNTIME_DIR": ""}).parts[-2:] == ("cwtchd", "cwtchd.sock")
    assert socket_path("here", None, {}).is_absolute()


def test_an_expired_cursor_is_told_with_what_is_kept(daemon: FakeDaemon, alice: FakeProfile) -> None:
    """Also where it expires while the connection is lost."""
    daemon.receive(alice.id, BOB, "0")
    with Client(daemon.path) as client:
        following = client.events(alice.id, after=0)
        assert [next(following).seq, next(following).seq] == [1, 2]
        daemon.drop()
        for number in range(3):
            daemon.receive(alice.id, BOB, str(number))
        daemon.forget(alice.id, 2)
        with pytest.raises(CursorExpired) as caught:
            next(following)
        assert (caught.value.oldest, caught.value.head) == (4, 5)
        assert caught.value.name == "cursor_expired"
        kept = client.event.list(profile=alice.id, after=caught.value.oldest - 1)
        assert [each.seq for each in kept.events] == [4, 5]


def test_unknown_event_types_are_refused(daemon: FakeDaemon, alice: FakeProfile) -> None:
    with Client(daemon.path) as client, pytest.raises(RpcError) as caught:
        next(client.events(alice.id, types=["mesage.received"]))
    assert caught.value.code == -32602


def test_a_token_is_shown_on_every_connection_before_anything_else(
    daemon: FakeDaemon, alice: FakeProfile, tmp_path: Path
) -> None:
    daemon.needs_token = True
    token = daemon.create_token("read", profile=alice.id)
    with Client(daemon.path) as stranger, pytest.raises(RpcError, match="token"):
        stranger.profile.list()
    with Client(daemon.path, token=token) as client:
        assert [each.id for each in client.profile.list()] == [alice.id]
        daemon.drop()
        with pytest.raises(ConnectionLost):
            client.profile.list()
        assert [each.id for each in client.profile.list()] == [alice.id]
        following = client.events(alice.id, after=0)
        daemon.receive(alice.id, BOB, "hi")
        next(following)
        following.close()
        with pytest.raises(RpcError) as caught:
            client.profile.create(name="x", password="y")
        assert caught.value.name == "unauthorized"
    methods = [method for method, _ in daemon.calls]
    assert methods.count("rpc.authenticate") == 3
    assert token not in f"{client!r} {vars(client)!r} {caught.value!r}"
    file = tmp_path / "token"
    file.write_text(f"{token}\n")
    with Client(daemon.path, token_file=file) as client:
        assert client.profile.list()
    with pytest.raises(ValueError, match="not from both"):
        Client(daemon.path, token=token, token_file=file)


@pytest.mark.parametrize("held", [None, b"", b"\xff\xfe", b"x" * 5000])
def test_a_token_file_without_a_token_is_said(daemon: FakeDaemon, tmp_path: Path, held: bytes | None) -> None:
    file = tmp_path / "token"
    if held is not None:
        file.write_bytes(held)
    with (
        Client(daemon.path, token_file=file) as client,
        pytest.raises(TokenUnreadable, match=r"token\.create"),
    ):
        client.profile.list()
    assert daemon.calls == []
