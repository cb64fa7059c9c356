"""Nothing that another side wrote steers the terminal, in tables, lines or JSON."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtch_cli.output import Output, duration, moment, visible

NASTY = "\x1b[31m\x07\r\n\x9b2J\u202e\u2028\x7f\udcff"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def steering(text: str) -> set[str]:
    """What is left in it that a terminal obeys or a reader can't see."""
    hidden = {each for each in text if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    return hidden - {"\n", "\u200c", "\u200d"}


@given(st.text(st.characters()))
def test_visible_leaves_nothing_that_steers(text: str) -> None:
    assert not steering(visible(text))
    assert "\n" not in visible(text)


def test_visible_leaves_plain_text_alone() -> None:
    text = "Grüße, 世界 👩\u200d🚀 \\o/ a\u00a0b"
    assert visible(text) == text
    assert visible(NASTY) == r"\x1b[31m\x07\r\n\x9b2J\u202e\u2028\x7f\udcff"


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_table_on_a_terminal(plain: None) -> None:
    terminal = Terminal()
    Output(terminal).rows(("ID", "TEXT"), [("1", f"[bold]{NASTY}[/bold]"), ("2", "two\nlines")], "none")
    printed = terminal.getvalue()
    assert "[bold]" in printed  # a markup of rich in a text is text
    for each in ("\x07", "\x9b", "\u202e", "\x1b[31m", "\r", "\x7f"):
        assert each not in printed
    assert printed.splitlines()[-2].split() == ["2", "two"]


def test_no_color_means_none_and_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured, plain = Terminal(), Terminal()
    monkeypatch.delenv("NO_COLOR", raising=False)
    Output(coloured).rows(("STATE",), [("delivered",)], "none")
    monkeypatch.setenv("NO_COLOR", "1")
    Output(plain).rows(("STATE",), [("delivered",)], "none")
    assert "\x1b[32m" in coloured.getvalue()
    assert "\x1b[32m" not in plain.getvalue()


def test_a_pipe_gets_one_line_a_record() -> None:
    pipe = io.StringIO()
    Output(pipe).rows(("ID", "TEXT"), [("1", f"a\tb{NASTY}"), ("2", "c")], "none")
    first, second = pipe.getvalue().splitlines()
    assert first.split("\t") == ["1", r"a\tb\x1b[31m\x07\r\n\x9b2J\u202e\u2028\x7f\udcff"]
    assert second == "2\tc"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_means_the_same_and_steers_nothing(text: str) -> None:
    for stream in (io.StringIO(), Terminal()):
        Output(stream).json({"text": text, text: 1})
        assert not steering(stream.getvalue())
        assert json.loads(stream.getvalue()) == {"text": text, text: 1}


def test_times_and_lengths() -> None:
    assert moment(None) == "-"
    assert moment(1 << 62) == "?"
    assert len(moment(1_790_000_000_000)) == 19
    assert [duration(each) for each in (4_000, 90_000, 7_200_000, 86_400_000)] == [
        "4 s",
        "1.5 min",
        "2.0 h",
        "1.0 d",
    ]
