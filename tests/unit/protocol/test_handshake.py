"""The mathematics of authentication, on the specification's vector."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.crypto.handshake import Said, challenge, session_key
from cwtchd.protocol.crypto.primitives import public_key_of_seed
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import Onion, Role
from tests.support.vectors import vectors

VECTOR = vectors("handshake")["accepted"]
OUTBOUND, INBOUND = VECTOR["outbound"], VECTOR["inbound"]

seeds = st.binary(min_size=32, max_size=32)


def key(
    role: Role, own: bytes, own_ephemeral: bytes, their_seed: bytes, their_ephemeral_seed: bytes
) -> bytes:
    return session_key(
        role, own, own_ephemeral, public_key_of_seed(their_seed), public_key_of_seed(their_ephemeral_seed)
    )


def test_both_roles_find_the_vectors_key() -> None:
    out = [bytes.fromhex(OUTBOUND[name]) for name in ("long_term_seed", "ephemeral_seed")]
    inn = [bytes.fromhex(INBOUND[name]) for name in ("long_term_seed", "ephemeral_seed")]
    assert key(Role.OUTBOUND, *out, *inn).hex() == VECTOR["key"]
    assert key(Role.INBOUND, *inn, *out).hex() == VECTOR["key"]


def test_the_vectors_challenge() -> None:
    said = [Said(Onion(side["onion"]), side["message"].encode()) for side in (OUTBOUND, INBOUND)]
    assert challenge(*said).hex() == VECTOR["challenge"]
    assert challenge(*reversed(said)).hex() != VECTOR["challenge"]


@given(seeds, seeds, seeds, seeds)
def test_both_roles_agree(one: bytes, one_ephemeral: bytes, other: bytes, other_ephemeral: bytes) -> None:
    outbound = key(Role.OUTBOUND, one, one_ephemeral, other, other_ephemeral)
    assert outbound == key(Role.INBOUND, other, other_ephemeral, one, one_ephemeral)
    assert len(outbound) == 32


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("place", ["long-term", "ephemeral"])
def test_a_bad_point_is_refused_in_either_place(role: Role, place: str) -> None:
    good, bad = public_key_of_seed(bytes([9]) * 32), bytes(32)
    theirs = (bad, good) if place == "long-term" else (good, bad)
    with pytest.raises(RemoteProtocolError):
        session_key(role, bytes([1]) * 32, bytes([2]) * 32, *theirs)
