"""What was measured, as rows of a table: figures, what they are held against, and whether the goal holds.

Nothing here is known beforehand but the goals. A row's spread is that of the rounds: each round measured both sides.
"""

import os
import platform
import secrets
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FSYNCS = 200
HEAD = ("| what | cwtchd | beside it | figure | spread | goal |", "|---|---|---|---|---|---|")


@dataclass(frozen=True)
class Row:
    """One figure. `met` is None where it is shown for comparison only."""

    name: str
    ours: str
    beside: str
    figure: str
    spread: str
    goal: str
    met: bool | None

    def __str__(self) -> str:
        verdict = {None: "shown", True: f"{self.goal} met", False: f"{self.goal} **MISSED**"}[self.met]
        return f"| {self.name} | {self.ours} | {self.beside} | {self.figure} | {self.spread} | {verdict} |"


@dataclass(frozen=True)
class Part:
    """What one part of the bench found, with the words that a reader needs to understand it."""

    title: str
    about: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        lines = [f"## {self.title}", "", self.about, "", *HEAD, *map(str, self.rows)]
        for note in self.notes:
            lines += ["", note]
        return "\n".join([*lines, "", f"Measured on {machine()}."])

    @property
    def met(self) -> bool:
        """Whether every goal holds."""
        return all(row.met is not False for row in self.rows)


def quotient(
    name: str,
    ours: Sequence[float],
    beside: tuple[str, Sequence[float]],
    *,
    unit: str = "ms",
    most: float | None = None,
    least: float | None = None,
    rounds: str = "rounds",
) -> Row:
    """Ours ÷ the other, round by round: the median of the rounds' quotients is held against `most` or `least`."""
    label, theirs = beside
    quotients = [one / other for one, other in zip(ours, theirs, strict=True)]
    middle = statistics.median(quotients)
    goal, met = _verdict(middle, most, least, "")
    return Row(
        name,
        shown(statistics.median(ours), unit),
        f"{label}: {shown(statistics.median(theirs), unit)}",
        f"{middle:.2f}",
        f"{min(quotients):.2f} to {max(quotients):.2f} in {len(quotients)} {rounds}",
        goal,
        met,
    )


def rate(name: str, rates: Sequence[float], *, least: float) -> Row:
    """So many a second, held against a number."""
    middle = statistics.median(rates)
    goal, met = _verdict(middle, None, least, "/s")
    spread = f"{min(rates):,.0f} to {max(rates):,.0f} in {len(rates)} rounds"
    return Row(name, shown(middle, "/s"), "", shown(middle, "/s"), spread, goal, met)


def _verdict(figure: float, most: float | None, least: float | None, unit: str) -> tuple[str, bool | None]:
    if most is not None:
        return f"≤ {most:,g}{unit}", figure <= most
    if least is not None:
        return f"≥ {least:,.4g}{unit}" if unit == "" else f"≥ {least:,.0f}{unit}", figure >= least
    return "", None


def shown(value: float, unit: str) -> str:
    """A figure with its unit, in as many digits as it deserves."""
    if unit == "/s":
        return f"{value:,.0f}/s"
    return f"{value:.3f} {unit}" if value < 1 else f"{value:.1f} {unit}"


def fsync_ms(folder: Path) -> float:
    """The median of fsync after a page's write: what the disk alone takes for each commit."""
    taken = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(FSYNCS):
            file.write(secrets.token_bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def machine() -> str:
    """What this was measured on, when, and what else it had to do."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), platform.processor())
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {time.strftime('%Y-%m-%d', time.gmtime())}; load average {load}"
    )


def say(what: str) -> None:
    """What is being done."""
    print(what, flush=True)
