"""Servers: trusted on first use, refused where their keys change, gone without a trace."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cwtchd.app import posts, server_sync, servers, wallet
from cwtchd.app.anchors import key_id
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import BareAddress, ChangedBundle, InvalidBundle, LimitExceeded, NotFound, OtherKeys
from cwtchd.app.servers import SERVERS_MOST
from cwtchd.protocol.model import KeyBundle
from cwtchd.protocol.wire.bundle import encode_bundle
from cwtchd.store import events
from cwtchd.store import servers as rows
from cwtchd.store.servers import Fault, ServerRow
from tests.support import servers as support
from tests.support.servers import OTHER_TOKEN_KEY, bundle, message, token
from tests.support.unit_of_work import Desk

FIXTURE = Path(__file__).parents[4] / "shared" / "fixtures" / "bundle.json"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.database.close()


def add(desk: Desk, text: str) -> Outcome[ServerRow]:
    made: Outcome[ServerRow] = desk.run(lambda uow: servers.add(uow, text))
    return made


def added(desk: Desk, of: KeyBundle) -> ServerRow:
    outcome = add(desk, encode_bundle(of))
    assert outcome.refusal is None
    return outcome.value


def tables(desk: Desk) -> dict[str, int]:
    names = ("servers", "server_evidence", "server_faults", "server_days", "server_sessions", "server_rows")
    return {
        name: desk.database.sql.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
        for name in (*names, "server_anchors", "tokens", "posts")
    }


def test_a_server_is_trusted_as_its_first_bundle_says(desk: Desk) -> None:
    row = added(desk, bundle())
    assert (row.onion, row.token_service) == (bundle().server, bundle().token_service)
    assert row.key_id == key_id(bundle())
    assert (row.wanted, row.rows, row.tokens, row.last_synced_at, row.faults) == (True, 0, 0, None, ())
    assert row.added_at == desk.now
    assert added(desk, bundle()) == row
    assert desk.told() == ["server.changed"]
    (told,) = desk.run(lambda uow: events.page(uow, 0, 9))
    assert (told.server, told.conversation, told.message) == (row.id, None, None)
    assert bundle().server not in repr(row)


def test_a_bundle_is_found_in_what_people_hand_on(desk: Desk) -> None:
    text = encode_bundle(bundle())
    row = added(desk, bundle())
    for handed in (f"tofubundle:{text}||torv3abc", f"{text}||torv3abc", f"  {text}\n"):
        assert add(desk, handed).value == row


def test_the_key_id_is_pinned_by_a_real_servers_bundle(desk: Desk) -> None:
    if not FIXTURE.exists():
        pytest.skip("the genuine bundle is not here: see shared/fixtures")
    real = json.loads(FIXTURE.read_text())
    row = add(desk, real["tofubundle"]).value
    assert isinstance(row, ServerRow)
    assert row.bundle == real["server_bundle"]
    assert row.key_id.hex() == "68cdbc280e1ca5ef4a67cf182d4d3a1e"  # b2b(16, …, "cwd-tkid1"), computed once
    assert add(desk, real["server_bundle"]).value == row


@pytest.mark.parametrize("address", [bundle().server, f"cwtch:{bundle().server}", f"{bundle().server}.onion"])
def test_an_address_alone_is_refused_with_a_sentence_of_its_own(desk: Desk, address: str) -> None:
    with pytest.raises(BareAddress, match="ask for its bundle"):
        add(desk, address)


@pytest.mark.parametrize(
    "text", ["", "server:", "server:!!!", "torv3abc", "||", "x" * 20_000, "server:" + "A" * 20_000]
)
def test_what_is_no_bundle_is_refused(desk: Desk, text: str) -> None:
    with pytest.raises(InvalidBundle):
        add(desk, text)
    assert tables(desk)["servers"] == 0


def test_a_bundle_that_its_server_did_not_sign_proves_nothing_against_it(desk: Desk) -> None:
    row = added(desk, bundle())
    forged = bundle(token_key=OTHER_TOKEN_KEY)
    wrong = KeyBundle(forged.server, forged.token_service, forged.token_key, bundle().signature)
    with pytest.raises(InvalidBundle):
        add(desk, encode_bundle(wrong))
    assert desk.run(lambda uow: servers.get(uow, row.id)) == row


@pytest.mark.parametrize(
    ("second", "changed"),
    [
        (bundle(token_key=OTHER_TOKEN_KEY), "privacy_pass_public_key"),
        (bundle(token_service=2), "token_service_onion"),
        (bundle(token_key=OTHER_TOKEN_KEY, token_service=2), "token_service_onion, privacy_pass_public_key"),
    ],
)
def test_other_keys_are_refused_kept_as_proof_and_stop_posting(
    desk: Desk, second: KeyBundle, changed: str
) -> None:
    row = added(desk, bundle())
    refusal = add(desk, encode_bundle(second)).refusal
    assert isinstance(refusal, OtherKeys)
    assert refusal.details == {"server": row.id, "changed": changed}
    assert (refusal.code, refusal.name) == (-32011, "invalid_bundle")
    now = desk.run(lambda uow: servers.get(uow, row.id))
    assert (now.bundle, now.key_id, now.token_key) == (row.bundle, row.key_id, row.token_key)
    assert now.faults == (Fault.OTHER_KEYS,)
    assert now.distrusted
    assert desk.run(lambda uow: rows.evidence(uow, row.id)) == encode_bundle(second)
    with pytest.raises(OtherKeys):
        desk.run(lambda uow: posts.queue(uow, row.id, message(1)))
    assert desk.run(lambda uow: wallet.begin_purchase(uow, row.id)).value is None
    assert added(desk, bundle()) == now  # the first bundle is still the server's
    add(desk, encode_bundle(bundle(token_key=OTHER_TOKEN_KEY, token_service=3)))
    assert desk.run(lambda uow: rows.evidence(uow, row.id)) == encode_bundle(second)


def test_further_keys_may_come_and_go_but_say_one_thing(desk: Desk) -> None:
    row = added(desk, bundle(extra=(("cwtchd_ext", "1"),)))
    assert added(desk, bundle()) == row
    assert added(desk, bundle(extra=(("another", "x"),))) == row
    with pytest.raises(ChangedBundle) as refused:
        add(desk, encode_bundle(bundle(extra=(("cwtchd_ext", "2"),))))
    assert refused.value.details == {"server": row.id, "changed": "other"}
    assert not desk.run(lambda uow: servers.get(uow, row.id)).faults


def test_a_profile_uses_a_bounded_number_of_servers(desk: Desk) -> None:
    for number in range(1, SERVERS_MOST + 1):
        support.add(desk, number)
    with pytest.raises(LimitExceeded):
        support.add(desk, SERVERS_MOST + 1)
    assert support.add(desk, 1) == 1
    assert [row.id for row in desk.run(servers.listed)] == list(range(1, SERVERS_MOST + 1))
    desk.run(lambda uow: servers.remove(uow, 1))
    assert support.add(desk, SERVERS_MOST + 1) == SERVERS_MOST + 1  # ids are never given again


def bought_from(desk: Desk, server: int) -> wallet.Purchase:
    purchase = desk.run(lambda uow: wallet.begin_purchase(uow, server)).value
    assert purchase is not None
    return purchase


def test_removal_leaves_nothing_behind(desk: Desk) -> None:
    server, other = support.add(desk, 1), support.add(desk, 2)
    for each in (server, other):
        for _ in range(3):  # the third sees each row in its second session or later
            session = desk.run(partial(server_sync.begin_session, server=each)).value
            desk.run(partial(server_sync.received, session=session, messages=[support.anchor(1), message(2)]))
            desk.run(partial(server_sync.ended, session=session, complete=True, counted=2, announced=2))
        session = desk.run(partial(server_sync.begin_session, server=each)).value
        desk.run(partial(server_sync.caught_up, session=session))
        desk.run(partial(server_sync.received, session=session, messages=[message(3)], live=True))
        purchase = bought_from(desk, each)
        tokens = [token(each * 100 + number) for number in range(10)]
        desk.run(partial(wallet.finish_purchase, purchase=purchase, bought=tokens))
        desk.run(partial(posts.queue, server=each, message=message(4)))
    add(desk, encode_bundle(bundle(1, token_key=OTHER_TOKEN_KEY)))
    before = tables(desk)
    assert all(before.values())
    desk.run(lambda uow: servers.remove(uow, server))
    left = {"server_evidence": 0, "server_faults": 0}
    assert tables(desk) == {**{name: count // 2 for name, count in before.items()}, **left}
    desk.run(lambda uow: servers.remove(uow, other))
    assert not any(tables(desk).values())
    with pytest.raises(NotFound):
        desk.run(lambda uow: servers.get(uow, server))
    late = desk.run(lambda uow: server_sync.received(uow, session, [message(9)])).value
    assert (late.new, late.over) == ((), True)
    assert desk.run(lambda uow: server_sync.ended(uow, session, True, 1, 1)).value == ()
    assert desk.run(lambda uow: wallet.finish_purchase(uow, purchase, [token(999)])).value == 0
    desk.run(lambda uow: servers.fault(uow, server, Fault.ENDLESS))
    assert not any(tables(desk).values())


def test_what_is_not_wanted_is_left_alone(desk: Desk) -> None:
    server = support.add(desk)
    assert desk.run(wallet.due) == [server]
    assert not desk.run(lambda uow: servers.want(uow, server, False)).value.wanted
    assert desk.run(wallet.due) == []
    assert desk.run(wallet.next_due_at) is None
    desk.run(lambda uow: servers.want(uow, server, True))
    assert desk.run(wallet.next_due_at) == desk.now
    assert desk.told() == ["server.changed"] * 3


def test_a_fault_is_told_once(desk: Desk) -> None:
    server = support.add(desk)
    for _ in range(3):
        desk.run(lambda uow: servers.fault(uow, server, Fault.LIED_PROOF))
    row = desk.run(lambda uow: servers.get(uow, server))
    assert (row.faults, row.distrusted) == ((Fault.LIED_PROOF,), False)
    assert desk.told() == ["server.changed"] * 2


def test_a_bundle_in_base64_of_another_alphabet_is_none(desk: Desk) -> None:
    text = encode_bundle(bundle())
    raw = base64.b64decode(text.removeprefix("server:"))
    other = "server:" + base64.urlsafe_b64encode(raw + b"  ~~~???").decode()
    with pytest.raises(InvalidBundle):
        add(desk, other)
