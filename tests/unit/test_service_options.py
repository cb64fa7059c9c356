"""Where secrets stand, as the command line and the environment say it; never a secret itself."""

from pathlib import Path

import click
import pytest

from cwtchd.__main__ import configured
from cwtchd.credential import PasswordSources, SecretFile


def test_files_descriptors_and_credentials_are_noted_and_not_read(tmp_path: Path) -> None:
    config = configured(
        {}, {"CREDENTIALS_DIRECTORY": "/run/credentials/x"}, (Path("/one"), Path("two")), (7,)
    )
    assert config.passwords == PasswordSources(
        (Path("/one"), Path("two").absolute()), (7,), Path("/run/credentials/x")
    )
    assert configured({}, {"CREDENTIALS_DIRECTORY": ""}).passwords == PasswordSources()


def test_a_file_on_the_command_line_wins_over_that_of_the_configuration() -> None:
    assert configured({"password_file": "/p"}, {}).passwords.files == (Path("/p"),)
    assert configured({"password_file": "/p"}, {}, (Path("/q"),)).passwords.files == (Path("/q"),)


def test_the_password_of_a_running_tor_is_in_a_file_or_a_credential(tmp_path: Path) -> None:
    given = {"tor": "127.0.0.1:9051"}
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert configured(given, environment).tor.password is None
    (tmp_path / "cwtchd.tor-password").touch()
    credential = SecretFile(tmp_path / "cwtchd.tor-password", guarded=True)
    assert configured(given, environment).tor.password == credential
    named = configured({**given, "tor_password_file": "/p"}, environment)
    assert named.tor.password == SecretFile(Path("/p"))
    assert configured(given, {"CREDENTIALS_DIRECTORY": "/nowhere"}).tor.password is None
    assert configured({}, environment).tor.password is None, "a tor of our own asks for none"


def test_a_tor_of_our_own_takes_no_password() -> None:
    with pytest.raises(click.ClickException, match="--tor"):
        configured({"tor_password_file": "/p"}, {})
