"""What rows are, from their bytes alone."""

from hashlib import blake2b

import pytest

from cwtchd.app import anchors
from cwtchd.protocol.model import EncryptedGroupMessage
from tests.support.servers import message


def test_a_rows_id_is_over_all_of_it_with_one_boundary() -> None:
    row = EncryptedGroupMessage(b"\x01\x02", b"\x03\x04")
    assert anchors.row_id(row) == blake2b(b"\x02\x00\x01\x02\x03\x04", digest_size=16).digest()
    assert anchors.row_id(row) != anchors.row_id(EncryptedGroupMessage(b"\x01\x02\x03", b"\x04"))
    assert anchors.row_id(row) != anchors.row_id(EncryptedGroupMessage(b"\x01\x03", b"\x03\x04"))


def test_one_row_in_two_to_the_k_is_an_anchor() -> None:
    found = [anchors.level(message(number).signature) for number in range(8192)]
    for bits in (4, 6):
        assert 0.7 < sum(level >= bits for level in found) / (8192 >> bits) < 1.3
    for number in range(64):
        hashed = blake2b(message(number).signature, digest_size=8, person=b"cwd-anch1").digest()
        for bits in range(1, 11):
            says = int.from_bytes(hashed, "little") % (1 << bits) == 0
            assert anchors.is_anchor(message(number).signature, bits) is says


def test_what_is_no_signature_is_no_anchor() -> None:
    assert [anchors.level(bytes(size)) for size in (0, 63, 65)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("rows", "bits"), [(0, 4), (1, 4), (1023, 4), (1024, 5), (33_333, 10), (65_536, 10), (1e9, 10)]
)
def test_anchors_are_as_dense_as_the_traffic_asks(rows: float, bits: int) -> None:
    assert anchors.bits(rows) == bits


def test_the_days_rows_are_the_median_of_the_last_whole_ones() -> None:
    days = {10: 5, 11: 700, 12: 9, 13: 1_000_000}
    assert anchors.rows_a_day(days, 10, 13, 99) == 9  # today, the 13th, is not whole
    assert anchors.rows_a_day(days, 11, 13, 99) == (700 + 9) / 2
    assert anchors.rows_a_day({}, 10, 13, 99) == 0  # whole days without a row are days
    assert anchors.rows_a_day({1: 900, 15: 3}, 1, 16, 99) == 0  # only seven days count
    assert anchors.rows_a_day({13: 1}, 13, 13, 99) == 99
    assert anchors.rows_a_day({}, None, 13, 99) == 99
