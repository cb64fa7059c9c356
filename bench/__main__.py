"""`make bench`: what cwtchd costs over the floor, as ratios of one run. Floor and subject take turns; no test times anything.

    python -m bench [tor] [api] [servers] [--write]

Without a name all parts run. With `--write` the tables also go to docs/bench.md, each with the machine that it was measured on.
The exit status is 1 where a goal is missed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import api, servers, tor
from bench.table import Part

PAGE = Path(__file__).parent.parent / "docs" / "bench.md"
PARTS: Mapping[str, Callable[[], Part]] = {"tor": tor.measure, "api": api.measure, "servers": servers.measure}
INTRODUCTION = """\
# Figures

Made by `make bench` (`.venv/bin/python -m bench --write` writes this page; `tor`, `api` or `servers` behind it makes one part anew). Floor and
subject take turns in one run: only the ratios travel to another machine.
"""


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What cwtchd costs over the floor.")
    parser.add_argument(
        "parts", nargs="*", metavar="|".join(PARTS), help="which parts; all where none is named"
    )
    parser.add_argument("--write", action="store_true", help="write the tables to docs/bench.md too")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    met = True
    for name in asked.parts or PARTS:
        part = PARTS[name]()
        met = met and part.met
        print(f"\n{part}\n", flush=True)
        if asked.write:
            write(part)
    return 0 if met else 1


def write(part: Part) -> None:
    """Puts a part in its place in the page; the others stay as they were measured."""
    sections = PAGE.read_text("utf-8").split("\n## ")[1:] if PAGE.exists() else []
    found = {section.split("\n")[0]: f"## {section.rstrip()}\n" for section in sections}
    found[part.title] = f"{part}\n"
    PAGE.write_text(
        "\n".join([INTRODUCTION, *(found[title] for title in sorted(found, reverse=True))]), "utf-8"
    )


if __name__ == "__main__":
    sys.exit(main())
