"""What others wrote, as it may be drawn."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from cwtch_tui.text import grouped, one_line, pasted, shown


def test_what_steers_is_shown_as_what_it_is() -> None:
    assert shown("\x1b[31mred\x07\x9b2J") == r"\x1b[31mred\x07\x9b2J"
    assert shown("safe\u202egnp.exe") == r"safe\u202egnp.exe"
    assert shown("\u2066a\u2069\u200bb") == r"\u2066a\u2069\u200bb"


def test_lines_stay_lines_and_carriage_returns_overwrite_nothing() -> None:
    assert shown("one\r\ntwo\n\tthree\rfour") == "one\ntwo\n    three\\rfour"


def test_markup_is_text() -> None:
    assert shown("[red]x[/] [@click=app.quit]y[/]") == "[red]x[/] [@click=app.quit]y[/]"


def test_a_tower_of_marks_is_cut_and_an_accent_is_not() -> None:
    assert shown("Zoe\u0308") == "Zoe\u0308"
    assert len(shown("z" + "\u0301" * 500)) < 10


def test_a_name_is_one_line() -> None:
    assert one_line(" bob\n\n\tthe   builder\x00") == r"bob the builder\x00"


def test_what_is_pasted_loses_what_can_not_be_seen() -> None:
    assert pasted("a\x1b[201~b\r\nc\u202ed\te") == "a[201~b\ncd    e"


def test_an_address_can_be_compared_by_groups() -> None:
    assert grouped("a" * 8 + "b" * 8 + "c") == "aaaaaaaa bbbbbbbb c"


@given(st.text())
def test_nothing_hidden_is_left(written: str) -> None:
    for kept in (shown(written), one_line(written), pasted(written)):
        assert not [
            each
            for each in kept
            if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") and each not in "\n\u200c\u200d"
        ]
    assert "\n" not in one_line(written)
