"""The line that is typed while others may write above it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cwtch_cli.editor import Clear, Editor, End, Line, Suspend, Typed
from tests.unit.clients.test_output import steering


def typed(data: bytes) -> tuple[Editor, list[Typed]]:
    editor = Editor()
    return editor, list(editor.feed(data))


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (b"hello\x7f\x7fp!", "help!"),
        (b"hello\x1b[D\x1b[D_", "hel_lo"),
        (b"hello\x01\x1b[3~J", "Jello"),
        (b"hello world\x17you", "hello you"),
        (b"hello\x02\x02\x0b", "hel"),
        (b"hello\x02\x02\x15", "lo"),
        (b"hello\x1b[H>\x1b[F<", ">hello<"),
        ("Grüße 世界\x7f".encode(), "Grüße 世"),
        (b"a\x1bbc\x00\x1f\x1b[99;5~d", "abcd"),
        (b"one\rtwo\r\x1b[A\x1b[A", "one"),
        (b"one\rtwo\r\x10\x10\x0e!", "two!"),
        (b"one\r\x1b[A\x1b[B", ""),
        (b"\x1b[200~two\r\nlines\x1b[31m\x1b[201~!", "two\nlines[31m!"),
        (b"\xff\xfe", ""),
    ],
)
def test_keys_edit(keys: bytes, text: str) -> None:
    assert typed(keys)[0].text == text


def test_what_is_finished_is_told_in_order() -> None:
    assert typed(b"one\rtwo\n\x0c\x1a\x04")[1] == [Line("one"), Line("two"), Clear(), Suspend(), End()]
    assert typed(b"x\x01\x04")[1] == []  # on a line with text ^D deletes


def test_what_is_pasted_is_one_line() -> None:
    assert typed(b"\x1b[200~a\nb\x1b[201~\r")[1] == [Line("a\nb")]


def test_a_text_that_is_given_back_stands_before_what_was_typed_since() -> None:
    editor, _ = typed(b"since")
    editor.put("before ")
    list(editor.feed(b"!"))
    assert editor.text == "before since!"


@given(st.binary(max_size=80), st.integers(1, 79))
def test_bytes_may_come_in_any_pieces(data: bytes, at: int) -> None:
    whole, done = typed(data)
    pieces = Editor()
    done_in_pieces = [*pieces.feed(data[:at]), *pieces.feed(data[at:])]
    assert (pieces.text, pieces.at, done_in_pieces) == (whole.text, whole.at, done)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(0, 60), st.integers(4, 100)
)
def test_the_row_fits_and_steers_nothing(text: str, left: int, width: int) -> None:
    editor = Editor()
    editor.put(text)
    list(editor.feed(b"\x1b[D" * left))
    row, column = editor.shown("bob> ", width)
    assert not steering(row)
    assert "\n" not in row
    assert cell_len(row) < width
    assert column < width


def test_the_row_shows_what_is_around_the_cursor() -> None:
    editor, _ = typed(b"0123456789" * 3)
    assert editor.shown("> ", 13) == ("> 123456789", 11)
    list(editor.feed(b"\x01"))
    assert editor.shown("> ", 13) == ("> 0123456789", 2)
    assert editor.shown("a very long name> ", 10)[0].startswith("a ver")
