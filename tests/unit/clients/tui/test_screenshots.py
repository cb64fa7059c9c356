"""The pictures in docs/screenshots are what the interface shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.screenshots import FOLDER, SCENES

TREE = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    # A process of its own: the time zone and NO_COLOR are told by the environment.
    subprocess.run([sys.executable, "-m", "tools.screenshots", folder], cwd=TREE, check=True, timeout=120)
    return folder


@pytest.mark.parametrize("name", [name for name, *_ in SCENES])
def test_a_picture_is_up_to_date(drawn: Path, name: str) -> None:
    picture = f"{name}.svg"
    assert (drawn / picture).read_bytes() == (FOLDER / picture).read_bytes(), (
        "run `make screenshots` and look"
    )


def test_monochrome_has_no_colour(drawn: Path) -> None:
    written = (drawn / "main-monochrome.svg").read_text("utf-8")
    inside = written[written.index("<style>") :]
    window = {"#ff5f57", "#febc2e", "#28c840"}  # the buttons of the window's frame
    colours = {each for each in re.findall(r"#[0-9a-f]{6}", inside) if each not in window}
    assert colours
    parts = [[int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in colours]
    assert not [each for each in parts if max(each) - min(each) > 3], "greys only"


def test_no_picture_asks_anybody_for_a_font(drawn: Path) -> None:
    for picture in drawn.iterdir():
        written = picture.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in written
