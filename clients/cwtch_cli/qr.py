"""An address, or a bundle, as a QR code: for a camera in front of the terminal, or as a picture in a new file.

Rules: a code is dark on light, whatever the terminal's colours are; where no terminal reads, it is drawn for a dark one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from cwtch_cli.files import new_file

if TYPE_CHECKING:
    import segno

_DARK_ON_LIGHT, _BACK = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
"""Fixed colours of the palette of 256, which no theme changes: black on white."""
_SCALE = 8
_SHORT = 64
"""Characters; an address is not longer."""


def drawn(text: str, *, coloured: bool) -> str:
    """The code in half blocks, two rows a line."""
    rows = [list(map(bool, row)) for row in _code(text).matrix_iter(border=4)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    lines = (
        "".join(_block(top, bottom, coloured=coloured) for top, bottom in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )
    return "".join(f"{_DARK_ON_LIGHT}{line}{_BACK}\n" if coloured else f"{line}\n" for line in lines)


def save(text: str, *, svg: Path | None, png: Path | None) -> None:
    """Writes the pictures that are asked for; neither may be there already."""
    for path, kind in ((svg, "svg"), (png, "png")):
        if path is not None:
            with new_file(path) as opened:
                _code(text).save(opened, kind=kind, scale=_SCALE, light="#fff")


def _block(top: bool, bottom: bool, *, coloured: bool) -> str:
    """Coloured, a block is a dark module; without colour, light modules are what a dark terminal shows as light."""
    return " ▄▀█"[2 * (top == coloured) + (bottom == coloured)]


def _code(text: str) -> "segno.QRCode":
    import segno  # noqa: PLC0415 - only who wants a code waits for it

    # A long text's code is wide enough without more to correct a smudge with.
    return segno.make(text, error="m" if len(text) <= _SHORT else "l", micro=False)
