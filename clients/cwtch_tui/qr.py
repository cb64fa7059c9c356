"""A QR code as text: two rows of modules in each line, black on white whatever the terminal's colours are."""

import segno
from rich.text import Text

_BORDER = 2
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def qr(content: str) -> Text:
    """The code, with its quiet zone."""
    made = segno.make(content, error="l", micro=False, boost_error=False)
    rows = [[int(dark > 0) for dark in row] for row in made.matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    lines = (
        "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return Text("\n".join(lines), style="black on white", no_wrap=True)
