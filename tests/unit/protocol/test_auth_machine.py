"""Authentication: who proves what to whom, and who is turned away. The machine alone, without packets."""

import pytest
from automat import NoTransition

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.machines.auth import (
    Auth,
    AuthState,
    KeyAgreed,
    Proved,
    SendPlain,
    SendSealed,
    build_auth,
)
from cwtchd.protocol.model import Onion, Role
from cwtchd.protocol.wire.auth import AuthMessage, decode_auth
from tests.support.pair import (
    INBOUND_EPHEMERAL,
    INBOUND_SEED,
    OUTBOUND_EPHEMERAL,
    OUTBOUND_SEED,
    drawn,
)
from tests.support.vectors import vectors

VECTOR = vectors("handshake")["accepted"]
POINTS = [bytes.fromhex(case["point"]) for case in vectors("handshake")["refused_points"]]
OUTBOUND, INBOUND = identity_from_seed(OUTBOUND_SEED), identity_from_seed(INBOUND_SEED)


def caller(dialled: Onion = INBOUND.onion, ephemeral: bytes = OUTBOUND_EPHEMERAL) -> Auth:
    return build_auth(AuthState(Role.OUTBOUND, OUTBOUND, dialled, drawn(ephemeral)))


def called() -> Auth:
    return build_auth(AuthState(Role.INBOUND, INBOUND, None, drawn(INBOUND_EPHEMERAL)))


def keys_of(auth: Auth) -> AuthMessage:
    (step,) = auth.begin()
    assert isinstance(step, SendPlain)
    return decode_auth(step.data)


def test_both_ends_prove_themselves_as_the_specification_says() -> None:
    ours, theirs = caller(), called()
    our_keys, their_keys = keys_of(ours), keys_of(theirs)
    key, challenge = bytes.fromhex(VECTOR["key"]), bytes.fromhex(VECTOR["challenge"])

    our_proof, their_proof = challenge + OUTBOUND.onion.encode(), challenge + INBOUND.onion.encode()
    assert ours.got_keys(their_keys) == (KeyAgreed(key), SendSealed(our_proof))
    assert theirs.got_keys(our_keys) == (KeyAgreed(key), SendSealed(their_proof))
    assert len(our_proof) == 120
    assert ours.got_proof(their_proof) == (Proved(INBOUND.onion),)
    assert theirs.got_proof(our_proof) == (Proved(OUTBOUND.onion),)


def test_whoever_was_not_dialled_is_turned_away_before_a_key_is_agreed() -> None:
    ours = caller(dialled=identity_from_seed(bytes([8]) * 32).onion)
    ours.begin()
    with pytest.raises(RemoteProtocolError, match="dialled"):
        ours.got_keys(keys_of(called()))


@pytest.mark.parametrize("point", POINTS, ids=bytes.hex)
@pytest.mark.parametrize("place", ["long-term", "ephemeral"])
def test_keys_that_are_no_usable_points_are_refused(point: bytes, place: str) -> None:
    theirs = called()
    theirs.begin()
    good = keys_of(caller())
    bad = AuthMessage(point, good.ephemeral) if place == "long-term" else AuthMessage(good.long_term, point)
    with pytest.raises(RemoteProtocolError, match="point"):
        theirs.got_keys(bad)


def test_our_own_message_sent_back_is_refused() -> None:
    theirs = called()
    with pytest.raises(RemoteProtocolError, match="own keys"):
        theirs.got_keys(keys_of(theirs))


@pytest.mark.parametrize("place", ["long-term", "ephemeral"])
def test_either_key_of_ours_sent_back_is_refused(place: str) -> None:
    theirs = called()
    own, other = keys_of(theirs), keys_of(caller())
    sent = (
        AuthMessage(own.long_term, other.ephemeral)
        if place == "long-term"
        else AuthMessage(other.long_term, own.ephemeral)
    )
    with pytest.raises(RemoteProtocolError, match="own keys"):
        theirs.got_keys(sent)


@pytest.mark.parametrize(
    "proof",
    [
        b"",
        bytes(120),
        bytes.fromhex(VECTOR["challenge"]),
        bytes.fromhex(VECTOR["challenge"]) + OUTBOUND.onion.encode(),
        bytes.fromhex(VECTOR["challenge"]) + INBOUND.onion.encode() + b"x",
    ],
    ids=["empty", "zeros", "no host", "our own proof sent back", "one byte more"],
)
def test_a_wrong_proof_is_refused(proof: bytes) -> None:
    ours = caller()
    ours.begin()
    ours.got_keys(keys_of(called()))
    with pytest.raises(RemoteProtocolError, match="proof"):
        ours.got_proof(proof)


def test_a_proof_for_another_connection_is_refused() -> None:
    theirs, first = called(), caller()
    theirs.begin()
    keys_of(first)
    second = caller(ephemeral=bytes([7]) * 32)
    theirs.got_keys(keys_of(second))
    proofs = [step.data for step in first.got_keys(keys_of(called())) if isinstance(step, SendSealed)]
    with pytest.raises(RemoteProtocolError, match="proof"):
        theirs.got_proof(proofs[0])


def test_the_ephemeral_key_is_forgotten_once_it_has_served() -> None:
    state = AuthState(Role.OUTBOUND, OUTBOUND, INBOUND.onion, drawn(OUTBOUND_EPHEMERAL))
    ours = build_auth(state)
    ours.begin()
    assert state.ephemeral == OUTBOUND_EPHEMERAL
    ours.got_keys(keys_of(called()))
    assert state.ephemeral == b""


def test_nothing_secret_shows_in_a_repr() -> None:
    ours = caller()
    ours.begin()
    for step in ours.got_keys(keys_of(called())):
        assert repr(step) == f"{type(step).__name__}()"
    state = AuthState(Role.INBOUND, INBOUND, None, drawn(INBOUND_EPHEMERAL))
    assert repr(state) == f"AuthState(role={Role.INBOUND!r})"


def test_out_of_turn_there_is_no_transition() -> None:
    silent, introduced = called(), called()
    introduced.begin()
    with pytest.raises(NoTransition):
        silent.got_keys(keys_of(caller()))
    with pytest.raises(NoTransition):
        silent.got_proof(b"x")
    with pytest.raises(NoTransition):
        introduced.begin()
    with pytest.raises(NoTransition):
        introduced.got_proof(b"x")
