"""ristretto255, the group in which tokens live, by libsodium: points and scalars as their 32 bytes (RFC 9496; wire-server §0).

Rules: a point of theirs is checked by the first multiplication that takes it, which refuses what is not canonical and the identity, so
that nothing is checked twice; only then may it be added. Scalars are canonical here: `reduce` makes them so, `is_scalar` tells of those
that came from elsewhere. libsodium's own arithmetic of scalars takes the same time for all of them.

The library is loaded on first use, as most daemons never need it. It comes as bytes that rbcl writes to a temporary file, loads, and
leaves behind: we remove that file, or each start would leave another.
"""

import contextlib
import functools
import os
from collections.abc import Sequence
from typing import Any, Final

from cwtchd.protocol.errors import RemoteProtocolError

POINT_SIZE: Final = 32
SCALAR_SIZE: Final = 32
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
BASE: Final = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
"""The generator."""
_IDENTITY = bytes(POINT_SIZE)


@functools.cache
def _sodium() -> Any:
    import rbcl  # noqa: PLC0415 - on first use: 80 ms and 3 MB that only servers and their guests need

    with contextlib.suppress(OSError):
        os.unlink(rbcl._sodium._name)  # noqa: PTH108, SLF001 - it is mapped already, and nobody else knows of it
    return rbcl


def is_point(data: bytes) -> bool:
    """Whether these are the canonical bytes of a point that is not the identity."""
    if len(data) != POINT_SIZE or data == _IDENTITY:
        return False
    return bool(_sodium().crypto_core_ristretto255_is_valid_point(data))


def is_scalar(data: bytes) -> bool:
    """Whether these are the canonical bytes of a scalar that is not zero."""
    return len(data) == SCALAR_SIZE and 0 < int.from_bytes(data, "little") < ORDER


def from_hash(data: bytes) -> bytes:
    """The point that 64 uniform bytes stand for: RFC 9496's one-way map."""
    return bytes(_sodium().crypto_core_ristretto255_from_hash(data))


def reduce(wide: bytes) -> bytes:
    """The scalar that 64 bytes are, little-endian, modulo the group's order."""
    return bytes(_sodium().crypto_core_ristretto255_scalar_reduce(wide))


def multiply(scalar: bytes, point: bytes) -> bytes:
    """Scalar times point. Raises RemoteProtocolError where that is no point, the identity, or the product is."""
    if len(point) != POINT_SIZE:
        raise RemoteProtocolError("The other side sent a point that is not 32 bytes.")
    try:
        return bytes(_sodium().crypto_scalarmult_ristretto255(scalar, point))
    except RuntimeError:
        raise RemoteProtocolError(
            "The other side sent a point that is none of the group, or gives none."
        ) from None


def multiply_base(scalar: bytes) -> bytes:
    """Scalar times generator. Raises RemoteProtocolError for zero."""
    try:
        return bytes(_sodium().crypto_scalarmult_ristretto255_base(scalar))
    except RuntimeError:
        raise RemoteProtocolError("The other side sent a scalar of zero.") from None


def total(points: Sequence[bytes]) -> bytes:
    """The sum of points that are known to be such; at least one."""
    return functools.reduce(_sodium().crypto_core_ristretto255_add, points)


def multiply_and_subtract(minuend: bytes, one: bytes, other: bytes) -> bytes:
    """The scalar `minuend - one * other`."""
    sodium = _sodium()
    product = sodium.crypto_core_ristretto255_scalar_mul(one, other)
    return bytes(sodium.crypto_core_ristretto255_scalar_sub(minuend, product))


def invert_all(scalars: Sequence[bytes]) -> list[bytes]:
    """The inverse of each scalar, none of them zero, for the price of one inversion and three products each (Montgomery's trick)."""
    if not scalars:
        return []
    sodium = _sodium()
    product = sodium.crypto_core_ristretto255_scalar_mul
    products = [scalars[0]]  # the i-th is that of all scalars up to the i-th
    for scalar in scalars[1:]:
        products.append(product(products[-1], scalar))
    rest = sodium.crypto_core_ristretto255_scalar_invert(products[-1])
    inverses = [b""] * len(scalars)
    for at in range(len(scalars) - 1, 0, -1):
        inverses[at] = product(rest, products[at - 1])
        rest = product(rest, scalars[at])
    inverses[0] = rest
    return inverses
