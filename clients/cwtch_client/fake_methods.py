"""The methods of a FakeDaemon: the contract's names, over a World in memory.

Rules: each is a function of the World and the call's params, and returns the result or raises Refused.
"""

# ruff: noqa: ARG001 - every method has the same shape
from collections.abc import Callable

from cwtch_client.fake_errors import (
    Values,
    already_exists,
    blocked,
    invalid_address,
    invalid_params,
    not_accepted,
    wrong_password,
)
from cwtch_client.fake_servers import added, removed, synced
from cwtch_client.fake_world import EVENT_TYPES, LIVE_TYPES, World, now
from cwtch_client.model import Json

Method = Callable[[World, Values], Json]
METHODS: dict[str, Method] = {}

_TOR: Values = {
    "state": "ready",
    "progress": 100,
    "summary": "Tor is ready.",
    "since": 0,
    "version": "0",
    "warning": None,
    "last_proof_at": 0,
}
_ADDRESS_CHARACTERS = 56


def _method(name: str) -> Callable[[Method], Method]:
    def add(function: Method) -> Method:
        METHODS[name] = function
        return function

    return add


@_method("rpc.discover")
def _discover(world: World, params: Values) -> Json:
    events: Values = {name: {"stored": name not in LIVE_TYPES} for name in sorted(EVENT_TYPES)}
    return {"openrpc": "1.3.2", "methods": [{"name": name} for name in METHODS], "x-events": events}


@_method("token.create")
def _token_create(world: World, params: Values) -> Json:
    return world.tokens.create(params)


@_method("token.list")
def _token_list(world: World, params: Values) -> Json:
    return world.tokens.list()


@_method("token.revoke")
def _token_revoke(world: World, params: Values) -> Json:
    world.tokens.revoke(params)
    return None


@_method("server.list")
def _server_list(world: World, params: Values) -> Json:
    return list(world.profile(params).servers.values())


@_method("server.get")
def _server_get(world: World, params: Values) -> Json:
    return world.server(params)


METHODS.update({"server.add": added, "server.remove": removed, "server.sync": synced})


@_method("hosting.create")
def _hosting_create(world: World, params: Values) -> Json:
    return world.hosting.create(params)


@_method("hosting.list")
def _hosting_list(world: World, params: Values) -> Json:
    return world.hosting.list()


@_method("hosting.get")
def _hosting_get(world: World, params: Values) -> Json:
    return world.hosting.get(params)


@_method("hosting.set")
def _hosting_set(world: World, params: Values) -> Json:
    return world.hosting.set(params)


@_method("hosting.start")
def _hosting_start(world: World, params: Values) -> Json:
    return world.hosting.start(params)


@_method("hosting.stop")
def _hosting_stop(world: World, params: Values) -> Json:
    return world.hosting.stop(params)


@_method("hosting.stats")
def _hosting_stats(world: World, params: Values) -> Json:
    return world.hosting.stats(params)


@_method("hosting.delete")
def _hosting_delete(world: World, params: Values) -> Json:
    world.hosting.delete(params)
    world.tell(None, "hosting.deleted", {"id": params["id"], "deleted": True}, stored=False)
    return None


@_method("daemon.status")
def _daemon_status(world: World, params: Values) -> Json:
    health: list[Json] = [
        {
            "id": each.id,
            "name": each.name,
            "published_since": None,
            "self_dial": {"last_proof_at": None, "last_failure": None, "next_at": None},
            "contacts": [],
            "more_contacts": False,
        }
        for each in world.profiles.values()
        if each.open
    ]
    return {"version": "0.0", "uptime": 65_000, "now": now(), "tor": _TOR, "profiles": health, "pid": 1}


@_method("daemon.shutdown")
@_method("tor.reset")
def _nothing(world: World, params: Values) -> Json:
    return None


@_method("tor.status")
def _tor_status(world: World, params: Values) -> Json:
    return _TOR


@_method("profile.create")
def _profile_create(world: World, params: Values) -> Json:
    return world.create(str(params["name"]), str(params["password"])).shown()


@_method("profile.unlock")
def _profile_unlock(world: World, params: Values) -> Json:
    fitting = [each for each in world.profiles.values() if each.password == params["password"]]
    if not fitting:
        raise wrong_password()
    for profile in fitting:
        profile.open = True
    return [each.shown() for each in fitting]


@_method("profile.list")
def _profile_list(world: World, params: Values) -> Json:
    return _opened(world)


@_method("profile.get")
def _profile_get(world: World, params: Values) -> Json:
    return world.profile(params).shown()


@_method("profile.set")
def _profile_set(world: World, params: Values) -> Json:
    profile, key, value = world.profile(params), params["key"], params["value"]
    if key == "name" and isinstance(value, str):
        profile.name = value
    elif key == "autostart" and isinstance(value, bool):
        profile.autostart = value
    else:
        raise invalid_params()
    world.tell(profile.id, "profile.changed", profile.shown(), stored=True)
    return profile.shown()


@_method("profile.lock")
def _profile_lock(world: World, params: Values) -> Json:
    profile = world.profile(params)
    profile.open = False
    world.tell(profile.id, "profile.locked", profile.shown(), stored=False)
    world.listeners[:] = [each for each in world.listeners if each.profile != profile.id]
    return None


@_method("contact.add")
def _contact_add(world: World, params: Values) -> Json:
    profile, address = world.profile(params), str(params["address"])
    if len(address) != _ADDRESS_CHARACTERS:
        raise invalid_address()
    if any(each["address"] == address for each in profile.conversations.values()):
        raise already_exists()
    made = world.add_conversation(profile, address, str(params.get("name", "")), "accepted")
    world.tell(profile.id, "contact.changed", made, stored=True)
    if "message" in params:
        _queue(world, params, made, params["message"])
    return made


@_method("contact.list")
@_method("conversation.list")
def _conversations(world: World, params: Values) -> Json:
    return list(world.profile(params).conversations.values())


@_method("contact.get")
@_method("conversation.get")
def _conversation(world: World, params: Values) -> Json:
    return world.conversation(params)


def _becomes(state: str, event: str) -> Method:
    def change(world: World, params: Values) -> Json:
        found = world.conversation(params)
        found["state"] = state
        world.tell(str(params["profile"]), event, found, stored=True)
        return found

    return change


METHODS["contact.accept"] = _becomes("accepted", "contact.accepted")
METHODS["contact.block"] = _becomes("blocked", "contact.changed")
METHODS["contact.unblock"] = _becomes("accepted", "contact.changed")


@_method("contact.set")
def _contact_set(world: World, params: Values) -> Json:
    found = world.conversation(params)
    found["name"] = params["name"]
    world.tell(str(params["profile"]), "contact.changed", found, stored=True)
    return found


@_method("contact.reject")
def _contact_reject(world: World, params: Values) -> Json:
    found, profile = world.conversation(params), world.profile(params)
    profile.conversations = {n: each for n, each in profile.conversations.items() if each is not found}
    profile.messages = {
        n: each for n, each in profile.messages.items() if each["conversation"] != found["id"]
    }
    return None


@_method("conversation.mark_read")
def _mark_read(world: World, params: Values) -> Json:
    found = world.conversation(params)
    found["unread"] = 0
    return found


@_method("message.send")
def _message_send(world: World, params: Values) -> Json:
    conversation, profile, client_id = (
        world.conversation(params),
        world.profile(params),
        params.get("client_id"),
    )
    if isinstance(client_id, str) and (known := profile.named.get(client_id)) is not None:
        if any(known[fact] != params.get(fact) for fact in ("conversation", "text", "reply_to")):
            raise already_exists(message=known["id"])
        return known
    if conversation["state"] == "blocked":
        raise blocked()
    if conversation["state"] != "accepted":
        raise not_accepted()
    queued = _queue(world, params, conversation, params["text"])
    if isinstance(client_id, str):
        profile.named[client_id] = queued
    return queued


def _queue(world: World, params: Values, conversation: Values, text: Json) -> Values:
    return world.add_message(
        world.profile(params),
        conversation,
        outgoing=True,
        text=text,
        reply_to=params.get("reply_to"),
        state="queued",
        delivery={
            "step": "queued",
            "reason": None,
            "attempts": 0,
            "next_try": None,
            "witnessed": None,
            "of": None,
        },
    )


@_method("message.list")
def _message_list(world: World, params: Values) -> Json:
    number, before, limit = world.conversation(params)["id"], params.get("before"), params.get("limit", 50)
    rows = [each for each in world.profile(params).messages.values() if each["conversation"] == number]
    if isinstance(before, int):
        rows = [each for each in rows if isinstance(each["id"], int) and each["id"] < before]
    shown = rows[-limit:] if isinstance(limit, int) else rows
    return {"messages": list(shown), "more": len(shown) < len(rows)}


@_method("message.get")
def _message_get(world: World, params: Values) -> Json:
    return world.message(params)


@_method("message.retry")
def _message_retry(world: World, params: Values) -> Json:
    found = world.message(params)
    found["state"], found["sent_at"] = "queued", now()
    return found


@_method("event.list")
def _event_list(world: World, params: Values) -> Json:
    profile, after, limit = world.profile(params), params["after"], params.get("limit", 256)
    behind = profile.behind(after if isinstance(after, int) else 0)
    return {"events": list(behind[:limit] if isinstance(limit, int) else behind), "head": profile.head}


def _opened(world: World) -> list[Json]:
    return [each.shown() for each in world.profiles.values() if each.open]
