"""Editor: one line that is typed while others may write above it. Bytes of a terminal in, finished lines and a row to show out.

Rules: no terminal here, so that all of it can be tried without one. The row never reaches the terminal's last column: a terminal
that wraps can't be drawn over. What is pasted stays one text, line ends included; no other control character gets in.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from cwtch_cli.output import visible

MOST_CHARACTERS = 1 << 16
_HISTORY = 200
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)", re.DOTALL)
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
_PASTE, _PASTED = "\x1b[200~", "\x1b[201~"
_KEYS = {
    "\x01": "home", "\x02": "left", "\x04": "delete", "\x05": "end", "\x06": "right", "\x08": "back", "\x0b": "cut",
    "\x0e": "down", "\x10": "up", "\x15": "clear", "\x17": "word", "\x7f": "back",
    "\x1b[D": "left", "\x1b[C": "right", "\x1b[A": "up", "\x1b[B": "down", "\x1bOD": "left", "\x1bOC": "right",
    "\x1bOA": "up", "\x1bOB": "down", "\x1b[H": "home", "\x1b[F": "end", "\x1bOH": "home", "\x1bOF": "end",
    "\x1b[1~": "home", "\x1b[4~": "end", "\x1b[7~": "home", "\x1b[8~": "end", "\x1b[3~": "delete",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line that was finished with Enter."""

    text: str


@dataclass(frozen=True)
class End:
    """Nothing more comes: ^D on an empty line."""


@dataclass(frozen=True)
class Clear:
    """^L: the screen is wanted empty."""


@dataclass(frozen=True)
class Suspend:
    """^Z: the program is to stop till it is brought back."""


Typed = Line | End | Clear | Suspend


class Editor:
    """What is being typed: `text`, with the cursor before its character number `at`."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._rest = ""
        self._pasting = False
        self._history: list[str] = []
        self._place = 0

    def feed(self, data: bytes) -> Iterator[Typed]:
        """Takes what the terminal sent; yields what is to be done for it, in order."""
        self._rest += self._decoder.decode(data)
        while self._rest:
            if self._pasting:
                if not self._paste():
                    return
            elif self._rest[0] == "\x1b":
                if _BEGUN.match(self._rest) and len(self._rest) < len(_PASTE):
                    return  # the rest of the sequence is on its way
                self._escape()
            else:
                character, self._rest = self._rest[0], self._rest[1:]
                if (typed := self._take(character)) is not None:
                    yield typed

    def put(self, text: str) -> None:
        """Gives a text back, before what is typed now."""
        self.text, self.at = text + self.text, len(text) + self.at

    def shown(self, prompt: str, width: int) -> tuple[str, int]:
        """The row to draw, and in which column its cursor stands."""
        prompt = _cut(prompt, max(0, width // 2))
        room = max(1, width - columns(prompt) - 1)
        cells = [visible(each) for each in self.text]
        # From the cursor to the left as far as there is room, then what fits on its right.
        first, used = self.at, 0
        while first > 0 and used + columns(cells[first - 1]) < room:
            first -= 1
            used += columns(cells[first])
        last, filled = self.at, used
        while last < len(cells) and filled + columns(cells[last]) <= room:
            filled += columns(cells[last])
            last += 1
        return prompt + "".join(cells[first:last]), columns(prompt) + used

    def _paste(self) -> bool:
        before, end, behind = self._rest.partition(_PASTED)
        if not end:
            # The end's own first characters may be there already.
            kept = next((n for n in range(len(_PASTED) - 1, 0, -1) if before.endswith(_PASTED[:n])), 0)
            before, behind = before[: len(before) - kept], before[len(before) - kept :]
        for each in before.replace("\r\n", "\n").replace("\r", "\n"):
            if each in "\n\t" or not _is_control(each):
                self._insert(each)
        self._rest = behind
        self._pasting = not end
        return bool(end)

    def _escape(self) -> None:
        if (found := _SEQUENCE.match(self._rest)) is None:
            self._rest = self._rest[1:]  # Escape alone, or Alt with a key: the key counts
            return
        sequence, self._rest = found.group(), self._rest[found.end() :]
        if sequence == _PASTE:
            self._pasting = True
        elif sequence in _KEYS:
            self._press(_KEYS[sequence])

    def _take(self, character: str) -> Typed | None:
        if character in "\r\n":
            line, self.text, self.at = self.text, "", 0
            if line and line not in self._history[-1:]:
                self._history = [*self._history, line][-_HISTORY:]
            self._place = len(self._history)
            return Line(line)
        if character == "\x04" and not self.text:
            return End()
        if character == "\x0c":
            return Clear()
        if character == "\x1a":
            return Suspend()
        if character in _KEYS:
            self._press(_KEYS[character])
        elif not _is_control(character):
            self._insert(character)
        return None

    def _insert(self, character: str) -> None:
        if len(self.text) < MOST_CHARACTERS:
            self.text = self.text[: self.at] + character + self.text[self.at :]
            self.at += 1

    def _press(self, key: str) -> None:
        before, behind = self.text[: self.at], self.text[self.at :]
        moves = {
            "left": max(0, self.at - 1),
            "right": min(len(self.text), self.at + 1),
            "home": 0,
            "end": len(self.text),
        }
        cuts = {
            "back": (before[:-1], behind),
            "delete": (before, behind[1:]),
            "cut": (before, ""),
            "clear": ("", behind),
            "word": (re.sub(r"\S+\s*\Z", "", before), behind),
        }
        if key in moves:
            self.at = moves[key]
        elif key in cuts:
            self._become(*cuts[key])
        else:
            self._recall(-1 if key == "up" else 1)

    def _become(self, before: str, behind: str) -> None:
        self.text, self.at = before + behind, len(before)

    def _recall(self, step: int) -> None:
        place = self._place + step
        if 0 <= place <= len(self._history):
            self._place = place
            self._become(self._history[place] if place < len(self._history) else "", "")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    from rich.cells import cell_len  # noqa: PLC0415 - only who types waits for it

    return cell_len(text)


def _cut(text: str, width: int) -> str:
    text = visible(text)
    while text and columns(text) > width:
        text = text[:-1]
    return text
