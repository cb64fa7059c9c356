"""The units start a daemon that exists: options that it has, and paths that the unit itself makes."""

import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from cwtchd.__main__ import run

UNITS = Path(__file__).parent.parent.parent / "systemd"


def unit(kind: str) -> dict[str, str]:
    """The [Service] section."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names stay as they are
    parser.read_string((UNITS / kind / "cwtchd.service").read_text("utf-8"))
    return dict(parser["Service"])


@pytest.mark.parametrize("kind", ["system", "user"])
def test_the_command_line_is_one_that_the_daemon_takes(kind: str) -> None:
    _, command, *arguments = shlex.split(unit(kind)["ExecStart"])
    assert command == "run"
    run.make_context("run", arguments)


def test_a_node_lives_where_its_unit_lets_it_write() -> None:
    service = unit("system")
    params = run.make_context("run", shlex.split(service["ExecStart"])[2:]).params
    assert params["home"] == Path("/var/lib") / service["StateDirectory"]
    assert params["socket_path"].parent == Path("/run") / service["RuntimeDirectory"]
    assert params["group"] == service["Group"]
    assert (service["StateDirectoryMode"], service["RuntimeDirectoryMode"]) == ("0700", "0750")
    for name in ("sysusers.conf", "tmpfiles.conf"):
        assert str(params["home"]) in (UNITS / name).read_text()


@pytest.mark.parametrize("kind", ["system", "user"])
def test_a_supervisor_waits_for_the_api_watches_the_loop_and_starts_again(kind: str) -> None:
    service = unit(kind)
    assert (service["Type"], service["NotifyAccess"], service["Restart"]) == ("notify", "main", "on-failure")
    assert service["KillMode"] == "mixed", "the daemon ends its tor, in order"
    assert service["WatchdogSec"]
