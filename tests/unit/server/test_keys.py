"""A server's keys: three that have nothing in common, and a bundle that others can hold against its signature."""

import os

import pytest

from cwtchd.protocol.wire.bundle import decode_bundle, encode_bundle
from cwtchd.server.keys import KEYS_SIZE, ServerKeys


def test_keys_are_read_as_they_were_written() -> None:
    keys = ServerKeys.new(os.urandom)
    data = keys.encode()
    assert len(data) == KEYS_SIZE
    assert ServerKeys.decode(data) == keys
    assert len({keys.board.onion, keys.tokens.onion, keys.token_key.public}) == 3
    assert ServerKeys.new(os.urandom) != keys


def test_nothing_secret_is_in_a_repr() -> None:
    keys = ServerKeys.new(os.urandom)
    for secret in (keys.board.seed, keys.tokens.seed, keys.token_key.scalar):
        assert repr(secret)[2:20] not in repr(keys)
        assert secret.hex() not in repr(keys)


@pytest.mark.parametrize("size", [0, 95, 97, 32])
def test_keys_of_another_size_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="96 bytes"):
        ServerKeys.decode(bytes(size))


def test_a_scalar_that_signs_nothing_is_refused() -> None:
    for scalar in (bytes(32), b"\xff" * 32):
        with pytest.raises(ValueError, match=r"\.$"):
            ServerKeys.decode(bytes(64) + scalar)


def test_the_bundle_is_what_others_can_check() -> None:
    keys = ServerKeys.new(os.urandom)
    bundle = keys.bundle()
    assert decode_bundle(encode_bundle(bundle)) == bundle
    assert (bundle.server, bundle.token_service) == (keys.board.onion, keys.tokens.onion)
    assert bundle.token_key == keys.token_key.public
