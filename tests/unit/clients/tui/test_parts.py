"""Small parts: the QR code, drafts, rows, and what a crash shows."""

import io

import segno
from rich.console import Console

from cwtch_client.testing import FakeDaemon
from cwtch_tui.drafts import Drafts
from cwtch_tui.qr import qr
from cwtch_tui.rows import MessageRow
from cwtch_tui.words import Standing
from tests.unit.clients.tui.conftest import Play, Stage

KEY = ("alice", 1)
ADDRESS = "cwtch:" + "a2" * 28


def test_the_code_holds_every_module() -> None:
    halves = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows: list[list[int]] = []
    for line in qr(ADDRESS).plain.split("\n"):
        rows += [[halves[each][half] for each in line] for half in (0, 1)]
    wanted = [list(row) for row in segno.make(ADDRESS, error="l", boost_error=False).matrix_iter(border=2)]
    assert rows[: len(wanted)] == wanted
    assert len(qr(ADDRESS).plain.split("\n")) <= 19, "it fits into 24 lines with its frame"


def test_a_draft_keeps_its_name_until_it_is_another_text() -> None:
    drafts = Drafts()
    drafts.of(KEY).text = "one"
    first = drafts.take(KEY, "one")
    drafts.put_back(KEY, first, "")
    assert drafts.take(KEY, "one").client_id == first.client_id
    drafts.put_back(KEY, first, "")
    assert drafts.take(KEY, "two").client_id != first.client_id
    drafts.put_back(KEY, first, "begun since")
    assert drafts.of(KEY).text == "one\nbegun since"


def drawn(row: MessageRow, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as captured:
        console.print(row.draw())
    return [each.rstrip() for each in captured.get().split("\n")]


def test_a_standing_is_behind_the_text_or_below_and_never_torn() -> None:
    row = MessageRow(1, "", False, "you", "12:31", "", "I wait here.", Standing("✓", "delivered"), True)
    assert drawn(row, 40)[:2] == ["you", "12:31 I wait here.  ✓ delivered"]
    assert drawn(row, 24)[:3] == ["you", "12:31 I wait here.", "      ✓ delivered"]


def test_what_a_contact_writes_stays_in_its_column() -> None:
    row = MessageRow(1, "", False, "bob", "12:31", "", "x\nyou\n12:32 fine  ✓ delivered", None, False)
    assert drawn(row, 40)[:4] == ["bob", "12:31 x", "      you", "      12:32 fine  ✓ delivered"]


def test_a_crash_shows_no_values(play: Play, daemon: FakeDaemon) -> None:
    shown: list[str] = []

    async def scenario(stage: Stage) -> None:
        password = "".join(("ses", "ame"))  # noqa: F841, FLY002 - a value that stands in no line of the source
        try:
            int("no number")
        except ValueError:
            stage.app._fatal_error()
        shown.extend(
            segment.text
            for renderable in stage.app._exit_renderables
            for segment in stage.app.console.render(renderable)
        )

    play(scenario)
    assert "ValueError" in "".join(shown)
    assert "sesame" not in "".join(shown)
