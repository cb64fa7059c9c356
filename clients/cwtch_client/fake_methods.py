"""The methods of a FakeDaemon: the contract's names, over a World in memory.

Rules: each is a function of the World and the call's params, and returns the result or raises Refused.
"""

# ruff: noqa: ARG001 - every method has the same shape
from collections.abc import Callable

from cwtch_client.fake_world import Refused, Values, World, now
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
}
_ADDRESS_CHARACTERS = 56


def _method(name: str) -> Callable[[Method], Method]:
    def add(function: Method) -> Method:
        METHODS[name] = function
        return function

    return add


@_method("rpc.discover")
def _discover(world: World, params: Values) -> Json:
    return {"openrpc": "1.3.2", "methods": [{"name": name} for name in METHODS]}


@_method("daemon.status")
def _daemon_status(world: World, params: Values) -> Json:
    return {"version": "0.0", "uptime": 65_000, "tor": _TOR, "profiles": len(_opened(world)), "pid": 1}


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
        raise Refused(
            -32001,
            "No profile here opens with this password: check it, or create a profile.",
            "wrong_password",
        )
    for profile in fitting:
        profile.open = True
    return [each.shown() for each in fitting]


@_method("profile.list")
def _profile_list(world: World, params: Values) -> Json:
    return _opened(world)


@_method("profile.get")
def _profile_get(world: World, params: Values) -> Json:
    return world.profile(params).shown()


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
        raise Refused(
            -32005, "This is not the address of somebody else: it is 56 characters.", "invalid_address"
        )
    if any(each["address"] == address for each in profile.conversations.values()):
        raise Refused(-32004, "This is there already: use the one that exists.", "already_exists")
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
    conversation = world.conversation(params)
    if conversation["state"] == "blocked":
        raise Refused(-32009, "This contact is blocked: unblock it first.", "blocked")
    return _queue(world, params, conversation, params["text"])


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
    log, after, limit = world.profile(params).log, params["after"], params.get("limit", 256)
    behind = log[after:] if isinstance(after, int) else log
    return {"events": list(behind[:limit] if isinstance(limit, int) else behind), "head": len(log)}


def _opened(world: World) -> list[Json]:
    return [each.shown() for each in world.profiles.values() if each.open]
