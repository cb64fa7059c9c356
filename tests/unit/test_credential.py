"""What is read as a secret, and what is refused in a sentence that quotes nothing."""

import os
import socket
from pathlib import Path

import pytest

from cwtchd.credential import LIMIT, SecretFile, Unusable, named, open_secret, read_secret, secret_of


def private(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"a word", "a word"),
        (b"a word\n", "a word"),
        (b"a word\n\n", "a word\n"),
        (b" spaces stay \n", " spaces stay "),
        (b"two\nlines\n", "two\nlines"),
        ("Ωmega".encode(), "Ωmega"),
        (b"x" * LIMIT + b"\n", "x" * LIMIT),
    ],
)
def test_a_secret_is_all_that_stands_there_but_for_one_newline(
    tmp_path: Path, content: bytes, secret: str
) -> None:
    assert read_secret(SecretFile(private(tmp_path / "canary", content))) == secret


@pytest.mark.parametrize("content", [b"", b"\n", b"canary" + b"x" * LIMIT, b"canary\xff"])
def test_what_is_no_secret_is_a_sentence_that_quotes_nothing(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Unusable) as error:
        read_secret(SecretFile(private(tmp_path / "canary", content)))
    assert "canary" not in repr(error.value)
    assert str(error.value).endswith(".")
    with pytest.raises(Unusable):
        secret_of(content)


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o777])
def test_a_file_that_others_could_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path / "password", b"a word")
    path.chmod(mode)
    with pytest.raises(Unusable, match="chmod 600"):
        read_secret(SecretFile(path))
    assert read_secret(SecretFile(path, guarded=True)) == "a word", "a credentials directory is closed itself"


def test_what_is_not_there_or_no_file_is_a_sentence_without_its_path(tmp_path: Path) -> None:
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "canary.sock"))
    (tmp_path / "canary.folder").mkdir()
    for name in ("canary", "canary.folder", "canary.sock"):
        with pytest.raises(Unusable) as error:
            read_secret(SecretFile(tmp_path / name, guarded=True))
        assert "canary" not in str(error.value)
    bound.close()


def test_a_pipe_nobody_writes_to_is_opened_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    os.close(open_secret(SecretFile(tmp_path / "pipe")))
    with pytest.raises(Unusable, match="plain file"):
        read_secret(SecretFile(tmp_path / "pipe"))


def test_credentials_are_found_by_the_beginning_of_their_name(tmp_path: Path) -> None:
    for name in ("password", "cwtchd.password", "password-work", "cwtchd.password.2", "tor-password", "cert"):
        (tmp_path / name).touch()
    found = named(tmp_path, "password")
    assert [file.path.name for file in found] == [
        "cwtchd.password",
        "cwtchd.password.2",
        "password",
        "password-work",
    ]
    assert all(file.guarded for file in found)
    with pytest.raises(Unusable) as error:
        named(tmp_path / "canary", "password")
    assert "canary" not in str(error.value)
