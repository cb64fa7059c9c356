"""Servers that a FakeDaemon's profiles use: any text that looks like a bundle is one, and every server is reached and has no message."""

import base64
import json
from typing import Any

from cwtch_client.fake_errors import Values, invalid_bundle
from cwtch_client.fake_values import now
from cwtch_client.fake_world import World
from cwtch_client.model import Json

_FIRST_TOKENS = 20


def added(world: World, params: Values) -> Json:
    """Uses a server from now on; one that is used already stays as it is."""
    profile, bundle = world.profile(params), str(params["bundle"]).strip()
    keys = _keys(bundle)
    for known in profile.servers.values():
        if known["onion"] == keys["bulletin_board_onion"]:
            return known
    number = world.number()
    made = profile.servers[number] = {
        "id": number,
        "onion": keys["bulletin_board_onion"],
        "token_onion": keys["token_service_onion"],
        "bundle": bundle,
        "state": "disconnected",
        "connection": _connection("disconnected"),
        "added_at": now(),
        "last_synced_at": None,
        "messages": 0,
        "tokens": _FIRST_TOKENS,
        "waiting": 0,
        "distrusted": False,
        "faults": [],
    }
    world.tell(profile.id, "server.changed", made, stored=True)
    return made


def removed(world: World, params: Values) -> Json:
    """Uses one no more."""
    profile, found = world.profile(params), world.server(params)
    profile.servers = {number: each for number, each in profile.servers.items() if each is not found}
    world.tell(profile.id, "server.changed", {"server": found["id"], "deleted": True}, stored=True)
    return None


def synced(world: World, params: Values) -> Json:
    """Receives everything that it stores."""
    found = world.server(params)
    found["state"], found["connection"], found["last_synced_at"] = "synced", _connection("synced"), now()
    world.tell(str(params["profile"]), "server.changed", found, stored=True)
    return found


def _keys(bundle: str) -> dict[str, Any]:
    prefix, _, encoded = bundle.partition(":")
    try:
        keys: dict[str, Any] = json.loads(base64.b64decode(encoded, validate=True))["Keys"]
        if prefix == "server" and {"bulletin_board_onion", "token_service_onion"} <= keys.keys():
            return keys
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise invalid_bundle()


def _connection(state: str) -> Values:
    return {
        "state": state,
        "since": now(),
        "received": 0,
        "announced": 0 if state == "synced" else None,
        "next_try_at": None,
        "last_failure": None,
        "work_tried": None,
    }
