"""ristretto255: RFC 9496's vectors, what is refused, and the laws that tokens rest on."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtchd.protocol.crypto import group
from cwtchd.protocol.errors import RemoteProtocolError

# RFC 9496 A.1: multiples of the generator.
MULTIPLES = {
    1: "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    2: "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
}
# RFC 9496 A.2: non-canonical field elements, negative ones, a non-square; and the identity, which is canonical and no use.
NOT_POINTS = [
    "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
    "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
    "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "0000000000000000000000000000000000000000000000000000000000000000",
]
scalars = st.integers(1, group.ORDER - 1).map(lambda number: number.to_bytes(32, "little"))
wide = st.binary(min_size=64, max_size=64)


def small(number: int) -> bytes:
    return number.to_bytes(32, "little")


@pytest.mark.parametrize(("number", "point"), MULTIPLES.items())
def test_multiples_of_the_generator(number: int, point: str) -> None:
    assert group.multiply_base(small(number)).hex() == point
    assert group.multiply(small(number), group.BASE).hex() == point


def test_the_one_way_map() -> None:
    """RFC 9496 A.3."""
    digest = hashlib.sha512(b"Ristretto is traditionally a short shot of espresso coffee").digest()
    assert group.from_hash(digest).hex() == "3066f82a1a747d45120d1740f14358531a8f04bbffe6a819f86dfe50f44a0a46"


@pytest.mark.parametrize("encoded", NOT_POINTS)
def test_what_is_no_point_is_refused(encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert not group.is_point(data)
    with pytest.raises(RemoteProtocolError, match="point"):
        group.multiply(small(7), data)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_point_has_32_bytes(size: int) -> None:
    assert not group.is_point(bytes(size))
    with pytest.raises(RemoteProtocolError, match="32 bytes"):
        group.multiply(small(7), bytes(size))


def test_zero_times_a_point_is_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        group.multiply(small(0), group.BASE)
    with pytest.raises(RemoteProtocolError):
        group.multiply_base(small(0))


def test_scalars_are_canonical_and_not_zero() -> None:
    assert group.is_scalar(small(1))
    assert group.is_scalar(small(group.ORDER - 1))
    for bad in (small(0), small(group.ORDER), small(group.ORDER + 1), b"\xff" * 32, b"", small(1) + b"\0"):
        assert not group.is_scalar(bad)


@given(wide)
@settings(max_examples=20)
def test_reduction_is_the_remainder(data: bytes) -> None:
    assert group.reduce(data) == small(int.from_bytes(data, "little") % group.ORDER)


@given(scalars, scalars)
@settings(max_examples=15)
def test_factors_commute_and_sums_distribute(one: bytes, other: bytes) -> None:
    first, second = group.multiply_base(one), group.multiply_base(other)
    assert group.is_point(first)
    assert group.multiply(one, second) == group.multiply(other, first)
    both = (int.from_bytes(one, "little") + int.from_bytes(other, "little")) % group.ORDER
    if both:
        assert group.total([first, second]) == group.multiply_base(small(both))


@given(scalars, scalars, scalars)
@settings(max_examples=15)
def test_arithmetic_of_scalars(minuend: bytes, one: bytes, other: bytes) -> None:
    a, b, c = (int.from_bytes(scalar, "little") for scalar in (minuend, one, other))
    assert group.multiply_and_subtract(minuend, one, other) == small((a - b * c) % group.ORDER)


@given(st.lists(scalars, max_size=6))
@settings(max_examples=15)
def test_inverses_are_those_of_each(several: list[bytes]) -> None:
    inverses = group.invert_all(several)
    assert [int.from_bytes(inverse, "little") for inverse in inverses] == [
        pow(int.from_bytes(scalar, "little"), -1, group.ORDER) for scalar in several
    ]


def test_the_library_is_loaded_on_first_use_and_leaves_no_file(tmp_path: Path) -> None:
    program = (
        "import sys; from cwtchd.protocol.crypto import group, privacypass; assert 'rbcl' not in sys.modules;"
        "group.multiply_base(bytes([1]) + bytes(31)); assert 'rbcl' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], env={"TMPDIR": str(tmp_path)}, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() != str(tmp_path)
