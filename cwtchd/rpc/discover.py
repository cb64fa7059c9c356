"""rpc.discover: the API's description as an OpenRPC document, made from the types that decode the calls."""

from collections.abc import Iterable
from typing import Any

import msgspec

import cwtchd
from cwtchd.rpc import schema
from cwtchd.rpc.hosting_schema import DeletedHosted, Hosted
from cwtchd.rpc.methods.registry import Method, Methods, Session
from cwtchd.rpc.server_schema import Server, ServerProgress
from cwtchd.store.api_tokens import Scope
from cwtchd.store.events import EventType

methods = Methods()

OPENRPC = "1.3.2"
REFS = "#/components/schemas/{name}"

DESCRIPTION = """\
JSON-RPC 2.0 over a UNIX socket: one JSON value a line in UTF-8, at most 1 MiB, named params only, batches of at most 100 calls that run in
order. Calls of one connection may be answered out of order; those on one profile take effect in the order in which they were sent.

`event.subscribe` sends notifications with the method `event`. Stored events have a `seq`, which grows by one for each event of a profile:
subscribe `after` the last one that you handled, and you miss nothing and see nothing twice, whatever crashed in between. Live-only events
have `seq: null`. A cursor that is older than what is kept is `cursor_expired`. Clients pass over fields and types that they don't know.

An error's `data.name` is stable, its message says what to do. What is unforeseen is -32603 with an `incident`, which the daemon's log has.

`x-scope` is what a token must hold for a method; the user who runs the daemon needs none."""

LIVE = {
    "connection.changed": schema.ConnectionChange,
    "profile.unlocked": schema.Profile,
    "profile.locked": schema.Profile,
    "hosting.changed": Hosted,
    "hosting.deleted": DeletedHosted,
    "server.progress": ServerProgress,
    "tor.changed": schema.TorReport,
    "daemon.stopping": schema.Nothing,
    "event.dropped": schema.Dropped,
}
"""Events without a row, and what their data is."""

_document: dict[str, Any] = {}


@methods.on_loop("rpc.discover", Scope.READ, narrows=True, example=(schema.NoParams(), {"openrpc": OPENRPC}))
def discover(session: Session, params: schema.NoParams) -> dict[str, Any]:  # noqa: ARG001 - it takes nothing
    """Returns this description: every method with its params, result, errors and an example, and every event."""
    return _document


def describe(every: Iterable[Method[Any]]) -> dict[str, Any]:
    """Makes the document, once, when the method table is complete; returns it."""
    _document.update(_describe(list(every)))
    return _document


def _describe(every: list[Method[Any]]) -> dict[str, Any]:
    results = [method.result for method in every]
    params = [method.params for method in every]
    events = {**{type_.value: _stored(type_) for type_ in EventType}, **LIVE}
    types = [*params, *results, *(schema.Notification, *events.values())]
    shapes, components = msgspec.json.schema_components(types, ref_template=REFS)
    shape_of = dict(zip(range(len(types)), shapes, strict=True))
    errors = {refusal.name: refusal for method in every for refusal in method.errors}
    return {
        "openrpc": OPENRPC,
        "info": {
            "title": "cwtchd",
            "version": cwtchd.__version__,
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "methods": [
            _method(method, components, shape_of[len(every) + at]) for at, method in enumerate(every)
        ],
        "components": {
            "schemas": components,
            "errors": {
                name: {"code": refusal.code, "message": refusal.sentence, "data": {"name": name}}
                for name, refusal in sorted(errors.items())
            },
        },
        "x-events": {
            name: {"stored": name not in LIVE, "data": shape_of[2 * len(every) + 1 + at]}
            for at, name in enumerate(events)
        },
    }


def _stored(type_: EventType) -> type[msgspec.Struct]:
    """What the data of a row of the log is, while what it tells of is still there."""
    nouns: dict[str, type[msgspec.Struct]] = {
        "message": schema.Message,
        "contact": schema.Conversation,
        "server": Server,
    }
    return nouns.get(type_.value.split(".")[0], schema.Profile)


def _method(method: Method[Any], components: dict[str, Any], result: dict[str, Any]) -> dict[str, object]:
    shape = components[
        method.params.__name__ if method.params.__name__ in components else _full(method, components)
    ]
    given, returned = method.example
    values = msgspec.to_builtins(given)
    return {
        "name": method.name,
        "summary": method.summary,
        "x-scope": None if method.need.scope is None else method.need.scope.value,
        "paramStructure": "by-name",
        "params": [
            {"name": name, "required": name in shape.get("required", ()), "schema": described}
            for name, described in shape.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": result},
        "errors": [{"$ref": f"#/components/errors/{refusal.name}"} for refusal in method.errors],
        "examples": [
            {
                "name": method.name,
                "params": [
                    {"name": name, "value": value} for name, value in values.items() if value is not None
                ],
                "result": {"name": "result", "value": msgspec.to_builtins(returned)},
            }
        ],
    }


def _full(method: Method[Any], components: dict[str, Any]) -> str:
    """Where two nouns have params of one name, msgspec names their schemas in full."""
    name = f"{method.params.__module__}.{method.params.__qualname__}".replace(".", "_")
    return next(key for key in components if key.replace(".", "_") == name)
