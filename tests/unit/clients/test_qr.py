"""An address as a QR code in the terminal."""

import segno

from cwtch_cli import qr
from cwtch_client.fake_world import onion

HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def modules(drawn: str) -> list[list[int]]:
    """The dots of a drawing, two rows a line."""
    pairs = [[HALVES[each] for each in line] for line in drawn.splitlines()]
    return [[pair[half] for pair in line] for line in pairs for half in (0, 1)]


def test_the_drawing_is_the_code() -> None:
    address = f"cwtch:{onion('alice')}"
    code = [list(row) for row in segno.make(address, error="m", micro=False).matrix_iter(border=4)]
    coloured = qr.drawn(address, coloured=True)
    lines = coloured.splitlines()
    assert all(line.startswith("\x1b[38;5;16;48;5;231m") and line.endswith("\x1b[0m") for line in lines)
    bare = "\n".join(line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m") for line in lines)
    assert modules(bare)[: len(code)] == code
    plain = qr.drawn(address, coloured=False)  # for a dark ground: what is light is drawn
    assert modules(plain)[: len(code)] == [[1 - each for each in row] for row in code]


def test_it_fits_a_terminal() -> None:
    lines = qr.drawn(f"cwtch:{onion('alice')}", coloured=False).splitlines()
    assert len(lines) <= 23
    assert {len(line) for line in lines} == {41}
