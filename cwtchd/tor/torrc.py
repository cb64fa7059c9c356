"""Values in a torrc. A path is quoted as tor reads it, so that none can add a line of its own."""

from pathlib import Path


def quoted(path: Path | str) -> str:
    """A path as a quoted torrc value (tor(1), "THE CONFIGURATION FILE FORMAT"). Raises ValueError where it can't be."""
    text = str(path)
    if any(character < " " or character == "\x7f" for character in text):
        raise ValueError(
            "A path with control characters in its name can't be given to tor: use another folder."
        )
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
