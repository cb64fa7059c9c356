"""What commands read and write beside their words: texts, passwords, tokens, pictures."""

import json
from pathlib import Path

import pytest

from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.conftest import Cwtch


def test_a_text_from_standard_input(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    assert cwtch("message", "send", "bob", "-", stdin="Grüße\nund mehr\n".encode()).status == 0
    assert daemon.calls[-1][1]["text"] == "Grüße\nund mehr"
    assert cwtch("message", "send", "bob", "-", stdin=b"\xff\n").status == 2
    assert cwtch("message", "send", "bob", "-", stdin=b"x" * (1 << 20)).status == 2
    assert (
        cwtch("message", "send", "bob", "-", stdin=b"\x01" * 400_000).status == 2
    )  # six bytes each, as JSON has them
    assert cwtch("message", "send", "bob", "-", stdin="ü".encode() * (1 << 19)).status == 2
    assert len([name for name, _ in daemon.calls if name == "message.send"]) == 1


def test_passwords_come_from_a_file_or_standard_input(
    daemon: FakeDaemon, cwtch: Cwtch, tmp_path: Path
) -> None:
    made = cwtch("profile", "create", "dave", "--password-stdin", "--json", stdin=b"a long sentence\n")
    assert made.status == 0
    assert daemon.calls[-1] == ("profile.create", {"name": "dave", "password": "a long sentence"})
    file = tmp_path / "password"
    file.write_bytes(b"a long sentence\r\n")
    opened = cwtch("profile", "unlock", "--password-file", str(file))
    assert json.loads(made.out)["id"] in opened.out
    file.write_text("another")
    wrong = cwtch("profile", "unlock", "--password-file", str(file))
    assert (wrong.status, "another" in wrong.err) == (4, False)


@pytest.mark.parametrize(
    ("words", "stdin", "hint"),
    [
        ([], b"", "--password-stdin"),
        (["--password-stdin"], b"\n", "empty"),
        (["--password-stdin"], b"\xff", "UTF-8"),
        (["--password-stdin"], b"x" * 5000, "4096"),
        (["--password-file", "/none/here"], b"", "No such file"),
        (["--password-file", "x", "--password-stdin"], b"", "not from both"),
    ],
)
def test_passwords_that_cannot_be_had(
    daemon: FakeDaemon, cwtch: Cwtch, words: list[str], stdin: bytes, hint: str
) -> None:
    told = cwtch("profile", "create", "dave", *words, stdin=stdin)
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert hint in told.err
    assert daemon.calls == []


# --- tokens and pictures -----------------------------------------------------------------------------------------


def test_a_token_is_written_where_only_its_owner_reads(
    daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    made = cwtch("token", "create", "read", "--output", str(file))
    assert (made.status, made.out) == (0, f"id: 1\nwritten to: {file}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    again = cwtch("token", "create", "read", "--output", str(file))
    assert (again.status, "nothing is written over" in again.err) == (2, True)
    assert cwtch("token", "create", "read", "--output", str(tmp_path / "no" / "token")).status == 1
    assert [name for name, _ in daemon.calls].count("token.create") == 1
    assert cwtch("token", "list").out.startswith("1\t\tread\tall profiles\t")

    held = cwtch("--token-file", str(file), "profile", "get")
    assert alice.id in held.out
    monkeypatch.setenv("CWTCH_TOKEN_FILE", str(file))
    assert cwtch("profile", "lock").status == 6
    assert cwtch("token", "create", "admin").status == 6
    monkeypatch.delenv("CWTCH_TOKEN_FILE")
    assert cwtch("token", "revoke", "1").status == 0
    assert cwtch("--token-file", str(file), "profile", "get").status == 6
    none = cwtch("--token-file", str(tmp_path / "none"), "profile", "get")
    assert (none.status, "token file" in none.err) == (1, True)


def test_a_failed_token_leaves_no_file(daemon: FakeDaemon, cwtch: Cwtch, tmp_path: Path) -> None:
    daemon.refuse("token.create", -32013, "storage_failed", "The disk did not take it.")
    assert cwtch("token", "create", "read", "--output", str(tmp_path / "token")).status == 4
    assert not (tmp_path / "token").exists()


def test_an_address_as_a_picture(alice: FakeProfile, cwtch: Cwtch, tmp_path: Path) -> None:
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    told = cwtch("profile", "qr", "--svg", str(svg), "--png", str(png))
    assert told.out == f"cwtch:{alice.id}\n"
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    before = svg.read_bytes()
    assert cwtch("profile", "qr", "--svg", str(svg)).status == 2
    assert svg.read_bytes() == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert cwtch("profile", "qr", "--svg", str(tmp_path / "link")).status == 2
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_no_message(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    for words, stdin in ((["bob", ""], b""), (["bob", " \n"], b""), (["bob", "-"], b"\n")):
        told = cwtch("message", "send", *words, stdin=stdin)
        assert (told.status, "empty" in told.err) == (2, True)
    assert "message.send" not in [name for name, _ in daemon.calls]


def test_a_request_is_accepted_under_a_name_or_rejected_and_a_contact_is_neither(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    told = cwtch("contact", "reject", "bob")
    assert (told.status, "contact block" in told.err) == (2, True)
    bob["state"], bob["name"] = "pending", ""
    beginning = f"{str(bob['address'])[:8]}…"
    assert "name: robert" in cwtch("contact", "accept", beginning, "--name", "robert").out
    bob["state"] = "pending"
    assert "deleted" in cwtch("contact", "reject", "robert").out
