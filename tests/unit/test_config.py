"""What the command line makes of its options, and what it refuses in one sentence."""

from pathlib import Path

import click
import pytest

from cwtchd.__main__ import configured, main


def test_the_contracts_defaults() -> None:
    config = configured({}, {"XDG_RUNTIME_DIR": "/run/user/1"})
    assert config.socket == Path("/run/user/1/cwtchd/cwtchd.sock")
    assert config.tor.attach is None
    named = configured({}, {"XDG_RUNTIME_DIR": "/run/user/1", "CWTCHD_HOME": "/h"})
    assert named.socket == Path("/h/cwtchd.sock"), "two homes never meet"
    assert configured({"home": "/o"}, {"CWTCHD_HOME": "/h"}).home == Path("/o")
    assert configured({"socket": "/s"}, {}).socket == Path("/s")


@pytest.mark.parametrize(
    "given",
    [
        {"home": ""},
        {"socket": ""},
        {"tor": ""},
        {"tor": "foo"},
        {"tor": ":9051"},
        {"tor": "host:0"},
        {"tor": "127.0.0.1:99999"},
        {"tor": "unix:/" + "x" * 400},
        {"home": "a\0b"},
        {"tor_network": "/nowhere"},
    ],
    ids=lambda given: repr(given)[:30],
)
def test_what_can_never_work_is_refused_at_once(given: dict[str, str]) -> None:
    with pytest.raises(click.ClickException) as refused:
        configured(given, {})
    assert refused.value.message.endswith(".")


def test_a_network_is_for_a_tor_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "client.torrc").write_text("")
    with pytest.raises(click.ClickException):
        configured({"tor_network": str(tmp_path), "tor": "127.0.0.1:9051"}, {})


@pytest.mark.parametrize("content", ["not toml", "colour = 'red'", "home = 7", "\xff"])
def test_a_config_file_that_says_something_else(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(click.ClickException):
        main(["run", "--config", str(file)], standalone_mode=False)
