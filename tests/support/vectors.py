"""Test vectors: what the specification fixes, as files with their provenance."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors"


def vectors(name: str) -> dict[str, Any]:
    """One file of tests/vectors."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def named(case: dict[str, Any]) -> str:
    """What pytest calls a case."""
    return str(case.get("name", ""))
