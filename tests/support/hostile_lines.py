"""The corpus of lines that clumsy and hostile callers write (tests/fuzz/corpus/lines.txt), and what holds of every answer."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "fuzz" / "corpus" / "lines.txt"
LINE_BYTES = 1 << 20

MARKER = "zebra"
"""Part of what a caller sends: it may come back in an `id` and nowhere else."""

UNFORESEEN = -32603

_STANDS_FOR = re.compile("⟪(.*?)⟫")
_TRACES = re.compile(r"Traceback|\bFile \"|\.py\b|Error\b|Exception\b|msgspec|sqlite|twisted|site-packages")


@dataclass(frozen=True)
class HostileLine:
    """A row of the corpus."""

    expected: str
    what: str
    template: str

    def line(self, alice: str = "nobody") -> bytes:
        """The bytes, without the line's end."""
        line, at = b"", 0
        for found in _STANDS_FOR.finditer(self.template):
            line += self.template[at : found.start()].encode() + _written_out(found[1], alice)
            at = found.end()
        return line + self.template[at:].encode()

    @property
    def notification(self) -> bool:
        """Whether nothing is answered."""
        return self.expected == "none"

    def check(self, answer: Any) -> None:
        """The answer is the one that the corpus expects."""
        assert shown(answer) == self.expected, self.what


def _written_out(what: str, alice: str) -> bytes:
    text, star, times = what.rpartition("*")
    if what == "alice":
        return alice.encode()
    return text.encode() * int(times) if star else bytes.fromhex(what)


def shown(answer: Any) -> str:
    """An answer as the corpus writes it."""
    if isinstance(answer, list):
        return f"[{','.join(map(shown, answer))}]"
    return "ok" if "result" in answer else str(answer["error"]["code"])


def corpus() -> list[HostileLine]:
    """All rows."""
    rows = CORPUS.read_text("utf-8").splitlines()
    cells = [row.split("|", 2) for row in rows if row and not row.startswith("#")]
    return [HostileLine(expected.strip(), what.strip(), line.strip()) for expected, what, line in cells]


def check_answer(line: bytes) -> Any:
    """What holds of every line that the daemon writes to whoever called; returns it read."""
    assert len(line) <= LINE_BYTES
    answer = json.loads(line)
    for each in answer if isinstance(answer, list) else [answer]:
        _check_one(each)
    return answer


def _check_one(answer: dict[str, Any]) -> None:
    assert answer["jsonrpc"] == "2.0"
    assert answer.keys() in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"})
    if "error" not in answer:
        return
    error = answer["error"]
    assert error["code"] != UNFORESEEN, error
    assert error.keys() <= {"code", "message", "data"}
    assert -32099 <= error["code"] <= -32000 or error["code"] in (-32700, -32600, -32601, -32602)
    assert error["message"].endswith("."), "a sentence says what to do"
    told = json.dumps(error)
    assert MARKER not in told
    assert not _TRACES.search(told)
    if error["code"] >= -32099:
        assert re.fullmatch("[a-z_]+", error["data"]["name"])
