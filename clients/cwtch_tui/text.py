"""What others wrote, as it may be shown: no character of it steers the terminal, hides, or is read as markup.

Rules: everything that a contact, a clipboard or the daemon wrote passes here before it is drawn; what is drawn is rich's Text,
which knows no markup.
"""

import re
import unicodedata

from cwtch_cli.output import visible

_MOST_MARKS = 6
"""So many marks on one letter are kept, which is enough for every script; more of them draw over the lines above."""

_TAB = "    "


def shown(written: str) -> str:
    """A text of several lines, safe to draw."""
    return _unstacked(visible(written.replace("\r\n", "\n").replace("\t", _TAB), keep_lines=True))


def one_line(written: str) -> str:
    """A name or a title, safe to draw, on one line."""
    return _unstacked(visible(" ".join(written.split())))


def pasted(written: str) -> str:
    """A clipboard's text without what can't be seen: nobody means to send that."""
    spread = written.replace("\r\n", "\n").replace("\r", "\n").replace("\t", _TAB)
    return "".join(each for each in spread if each == "\n" or visible(each) == each)


def _unstacked(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def grouped(address: str) -> str:
    """An address in groups of eight, so that two people can compare it."""
    return " ".join(re.findall(".{1,8}", address))


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
