"""The units start a daemon that exists: options that it has, and paths that the unit itself makes."""

import shlex
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

from cwtchd.__main__ import run, serve

COMMANDS = {"run": run, "serve": serve}
UNITS = Path(__file__).parent.parent.parent / "systemd"


ALL = ["system/cwtchd", "system/cwtchd-server", "user/cwtchd"]


def unit(name: str) -> dict[str, str]:
    """The [Service] section."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names stay as they are
    parser.read_string((UNITS / f"{name}.service").read_text("utf-8"))
    return dict(parser["Service"])


def params_of(name: str) -> dict[str, Any]:
    """What the unit's command line says to the daemon."""
    _, command, *arguments = shlex.split(unit(name)["ExecStart"])
    return COMMANDS[command].make_context(command, arguments).params


@pytest.mark.parametrize("name", ALL)
def test_the_command_line_is_one_that_the_daemon_takes(name: str) -> None:
    params_of(name)
    command = shlex.split(unit(name)["ExecStart"])[1]
    assert command == ("serve" if name.endswith("-server") else "run")


@pytest.mark.parametrize(("node", "files"), [("cwtchd", ""), ("cwtchd-server", "-server")])
def test_a_node_lives_where_its_unit_lets_it_write(node: str, files: str) -> None:
    service, params = unit(f"system/{node}"), params_of(f"system/{node}")
    assert params["home"] == Path("/var/lib") / service["StateDirectory"]
    assert params["socket"].parent == Path("/run") / service["RuntimeDirectory"]
    assert service["StateDirectoryMode"] == "0700"
    assert service["User"] == service["Group"] == node
    for name in (f"sysusers{files}.conf", f"tmpfiles{files}.conf"):
        assert str(params["home"]) in (UNITS / name).read_text()
        assert node in (UNITS / name).read_text().split()


def test_people_come_to_a_node_by_its_group_and_to_a_server_not_at_all() -> None:
    node, server = "system/cwtchd", "system/cwtchd-server"
    assert params_of(node)["group"] == unit(node)["Group"]
    assert unit(node)["RuntimeDirectoryMode"] == "0750"
    assert params_of(server)["group"] is None
    assert unit(server)["RuntimeDirectoryMode"] == "0700"


def test_a_servers_bundle_goes_into_no_journal() -> None:
    assert unit("system/cwtchd-server")["StandardOutput"] == "null"


@pytest.mark.parametrize("name", ALL)
def test_a_supervisor_waits_for_the_api_watches_the_loop_and_starts_again(name: str) -> None:
    service = unit(name)
    assert (service["Type"], service["NotifyAccess"], service["Restart"]) == ("notify", "main", "on-failure")
    assert service["KillMode"] == "mixed", "the daemon ends its tor, in order"
    assert service["WatchdogSec"]
