"""The asyncio face: calls that overlap, typed errors, bounded lines, events over lost connections."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from cwtch_client import (
    AsyncClient,
    BadAnswer,
    CallTooLong,
    ConnectionLost,
    Conversation,
    CursorExpired,
    DaemonAbsent,
    Event,
    NoAnswer,
    Profile,
    RpcError,
    SocketRefused,
    TokenUnreadable,
)
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.support.own_loop import on_own_loop
from tests.unit.clients.conftest import BOB
from tests.unit.clients.test_client import answering


@on_own_loop
async def test_calls_are_typed_and_may_overlap(daemon: FakeDaemon, alice: FakeProfile) -> None:
    async with AsyncClient(daemon.path) as client:
        found, _ = await asyncio.gather(
            client.ask(list[Profile], "profile.list"), client.call("daemon.status")
        )
        assert [each.id for each in found] == [alice.id]
        made = await client.ask(Conversation, "contact.add", profile=alice.id, address=BOB, name=None)
        assert made.address == BOB
        assert "name" not in daemon.calls[-1][1]
        with pytest.raises(RpcError) as caught:
            await client.call("message.get", profile=alice.id, message=77)
        assert caught.value.name == "not_found"


@on_own_loop
async def test_answers_out_of_order_find_their_calls(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await reader.readline()
        writer.write(b'{"id":2,"result":"second"}\n{"id":9,"result":"nobody\'s"}\n{"method":"event"}\n')
        writer.write(b'{"id":1,"result":"first"}\n')
        await reader.read()
        writer.close()

    async with (
        await asyncio.start_unix_server(serve, tmp_path / "s"),
        AsyncClient(tmp_path / "s") as client,
    ):
        assert list(await asyncio.gather(client.call("a"), client.call("b"))) == ["first", "second"]


@on_own_loop
async def test_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(DaemonAbsent, match="cwtchd run"):
        await AsyncClient(tmp_path / "none").call("daemon.status")
    with pytest.raises(SocketRefused, match="too long"):
        await AsyncClient(tmp_path / ("x" * 200)).call("daemon.status")


@on_own_loop
async def test_every_call_on_a_lost_connection_is_told_and_the_next_makes_another(tmp_path: Path) -> None:
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        await reader.readline()
        await reader.readline()
        if served == 2:
            writer.write(b'{"id":1,"result":1}\n{"id":2,"result":2}\n')
        writer.close()

    async with (
        await asyncio.start_unix_server(serve, tmp_path / "s"),
        AsyncClient(tmp_path / "s") as client,
    ):
        both = await asyncio.gather(client.call("a"), client.call("b"), return_exceptions=True)
        assert [type(each) for each in both] == [ConnectionLost, ConnectionLost]
        assert list(await asyncio.gather(client.call("a"), client.call("b"))) == [1, 2]


@on_own_loop
async def test_what_is_no_answer_is_refused(tmp_path: Path) -> None:
    for number, answer in enumerate((b"no json\n", b"[" * 200_000 + b"\n", b"x" * ((1 << 20) + 2))):
        path = tmp_path / str(number)
        with answering(path, answer, hold=True):
            async with AsyncClient(path) as client:
                with pytest.raises(BadAnswer):
                    await client.call("daemon.status")


@on_own_loop
async def test_an_error_without_id_ends_the_calls_that_wait(tmp_path: Path) -> None:
    line = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"No JSON."}}\n'
    with answering(tmp_path / "s", line, hold=True):
        async with AsyncClient(tmp_path / "s") as client:
            with pytest.raises(RpcError) as caught:
                await client.call("daemon.status")
            assert caught.value.code == -32700


@on_own_loop
async def test_no_answer_is_waited_for_so_long_only(tmp_path: Path) -> None:
    with answering(tmp_path / "s", b"", hold=True):
        async with AsyncClient(tmp_path / "s", 0.2) as client:
            with pytest.raises(NoAnswer):
                await client.call("daemon.status")


@on_own_loop
async def test_a_call_that_was_given_up_leaves_the_others_alone(
    daemon: FakeDaemon, alice: FakeProfile
) -> None:
    async with AsyncClient(daemon.path) as client:
        given_up = asyncio.create_task(client.call("daemon.status"))
        kept = asyncio.create_task(client.ask(list[Profile], "profile.list"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert len(await kept) == 1
        with pytest.raises(asyncio.CancelledError):
            await given_up
        with pytest.raises(CallTooLong):
            await client.call("x", text="y" * (1 << 20))
        assert await client.call("tor.reset") is None


@on_own_loop
async def test_close_ends_the_calls_that_wait(tmp_path: Path) -> None:
    heard = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        heard.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "s"):
        client = AsyncClient(tmp_path / "s")
        call = asyncio.create_task(client.call("daemon.status"))
        await heard.wait()
        await client.close()
        with pytest.raises(ConnectionLost):
            await call


@on_own_loop
async def test_events_go_on_over_dropped_connections_and_a_killed_daemon(
    daemon: FakeDaemon, alice: FakeProfile
) -> None:
    """Nothing is missed, nothing seen twice, whichever way the connection goes."""
    told: list[str] = []
    async with AsyncClient(daemon.path) as client:
        following = client.events(
            alice.id, after=0, lost=lambda: told.append("lost"), found=lambda: told.append("found")
        )
        async with aclosing(following) as events:
            daemon.receive(alice.id, BOB, "0")
            seen = [await anext(events), await anext(events)]
            for number in range(1, 4):
                daemon.drop()
                daemon.receive(alice.id, BOB, str(number))
                seen.append(await anext(events))
            daemon.stop()
            daemon.receive(alice.id, BOB, "4")
            daemon.start()
            waiting = asyncio.ensure_future(anext(events))
            await daemon.eventually(
                lambda: daemon.calls[-1][0] == "event.subscribe" and not daemon.subscriptions()
            )
            await client.call("profile.unlock", password="secret")
            seen.append(await waiting)
        assert [each.seq for each in seen] == [1, 2, 3, 4, 5, 6]
        assert told == ["lost", "found"] * 4


@on_own_loop
async def test_a_loop_that_is_left_closes_its_connection(daemon: FakeDaemon, alice: FakeProfile) -> None:
    daemon.receive(alice.id, BOB, "one")
    async with AsyncClient(daemon.path) as client, aclosing(client.events(alice.id, after=1)) as events:
        first: Event = await anext(events)
        found = first.message()
        assert found is not None
        assert found.text == "one"
        assert daemon.subscriptions() == 1
    await daemon.eventually(lambda: daemon.subscriptions() == 0)


@on_own_loop
async def test_the_first_subscription_fails_at_once_and_patience_ends(
    daemon: FakeDaemon, alice: FakeProfile
) -> None:
    async with AsyncClient(daemon.path) as client:
        with pytest.raises(RpcError) as caught:
            await anext(client.events("x" * 56))
        assert caught.value.name == "profile_locked"
        async with aclosing(client.events(alice.id, after=0, patience=0.3)) as events:
            daemon.receive(alice.id, BOB, "hi")
            await anext(events), await anext(events)
            daemon.stop()
            with pytest.raises(DaemonAbsent):
                await anext(events)


@on_own_loop
async def test_an_expired_cursor_is_told_with_what_is_kept(daemon: FakeDaemon, alice: FakeProfile) -> None:
    for number in range(4):
        daemon.receive(alice.id, BOB, str(number))
    daemon.forget(alice.id, 2)  # of five: the request, and four messages
    async with AsyncClient(daemon.path) as client:
        with pytest.raises(CursorExpired) as caught:
            await anext(client.events(alice.id, after=0))
        assert (caught.value.oldest, caught.value.head) == (4, 5)


@on_own_loop
async def test_a_token_is_shown_on_every_connection_before_anything_else(
    daemon: FakeDaemon, alice: FakeProfile, tmp_path: Path
) -> None:
    daemon.needs_token = True
    file = tmp_path / "token"
    async with AsyncClient(daemon.path, token_file=file) as client:
        with pytest.raises(TokenUnreadable):
            await client.profile.list()
        file.write_text("cwtchd_9_wrong")
        with pytest.raises(RpcError) as caught:
            await client.profile.list()
        assert caught.value.name == "unauthorized"
        file.write_text(daemon.create_token("read"))
        assert [each.id for each in await client.profile.list()] == [alice.id]
        async with aclosing(client.events(alice.id, after=0)) as events:
            daemon.receive(alice.id, BOB, "hi")
            assert (await anext(events)).seq == 1
    assert [method for method, _ in daemon.calls].count("rpc.authenticate") == 3


@on_own_loop
async def test_it_says_when_the_subscription_stands_and_tells_what_happens_from_then_on(
    daemon: FakeDaemon, alice: FakeProfile
) -> None:
    stands = asyncio.Event()
    async with (
        AsyncClient(daemon.path) as client,
        aclosing(client.events(alice.id, begun=stands.set)) as events,
    ):
        first = asyncio.ensure_future(anext(events))
        await stands.wait()
        daemon.receive(alice.id, BOB, "from now on")
        assert (await first).seq is not None
