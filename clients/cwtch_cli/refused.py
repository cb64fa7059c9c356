"""Refused: which param the daemon did not take, found out from its own description of the method.

Rules: the daemon says only that the params don't fit; what was given is never printed again, it may be a password.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from cwtch_cli.connect import Invocation
from cwtch_client import NULL, ClientError, RpcError

_METHOD_NOT_FOUND, _INVALID_PARAMS = -32601, -32602
_WORDS = {"string": "text", "integer": "a whole number", "array": "a list", "boolean": "true or false"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "array": (list, tuple),
    "boolean": (bool,),
}
_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)


def explained(error: BaseException, invocation: Invocation, root: click.Group) -> str | None:
    """A sentence that says which part of the command line the daemon refused; None where that can't be told."""
    if not isinstance(error, RpcError) or invocation.asked is None:
        return None
    method, given = invocation.asked
    if error.code == _METHOD_NOT_FOUND:
        return f"This daemon does not know `{method}`: it is older than this `cwtch`, so start a newer one."
    if error.code != _INVALID_PARAMS:
        return None
    try:
        document: Any = invocation.client.call("rpc.discover")
        described = next(each for each in document["methods"] if each["name"] == method)
        faults = list(_faults(described, given, document.get("components", {}).get("schemas", {})))
    except (ClientError, StopIteration, KeyError, TypeError):
        return None  # the daemon's own sentence is told instead
    if not faults:
        return None
    param, takes = faults[0]
    command = command_of(root, method)
    name = _on_command_line(command, param) if command is not None else param
    return f"The daemon does not take this {name}: {takes}."


def command_of(root: click.Group, method: str) -> click.Command | None:
    """The command of a method: `message.send` is `message send`, and a subscription is `watch`."""
    noun, _, verb = method.partition(".")
    if method == "event.subscribe":
        return root.commands.get("watch")
    group = root.commands.get(noun)
    return group.commands.get(verb.replace("_", "-")) if isinstance(group, click.Group) else None


def _on_command_line(command: click.Command, param: str) -> str:
    for each in command.params:
        if each.name == param:
            return (
                each.opts[0] if isinstance(each, click.Option) else each.make_metavar(click.Context(command))
            )
    return f"`{param}`"


def _faults(
    described: Mapping[str, Any], given: Mapping[str, object], shapes: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    known = {each["name"]: each["schema"] for each in described["params"]}
    for name, value in given.items():
        if value is None or value is NULL:
            continue
        if name not in known:
            yield name, "it is older than this `cwtch`, so leave that out or start a newer one"
        elif not any(_fits(value, shape, shapes) for shape in _alternatives(known[name], shapes)):
            takes = " or ".join(_told(shape) for shape in _alternatives(known[name], shapes))
            yield name, f"it takes {takes}"


def _alternatives(shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in shape:
        return _alternatives(shapes[shape["$ref"].rsplit("/", 1)[-1]], shapes)
    if "anyOf" in shape:
        return [found for each in shape["anyOf"] for found in _alternatives(each, shapes)]
    return [] if shape.get("type") == "null" else [shape]


def _fits(value: object, shape: Mapping[str, Any], shapes: Mapping[str, Any]) -> bool:
    if "enum" in shape:
        return value in shape["enum"]
    kinds = _TYPES.get(shape.get("type", ""), (object,))
    if not isinstance(value, kinds) or (
        isinstance(value, bool) and bool not in kinds and object not in kinds
    ):
        return False
    size = len(value) if isinstance(value, str | list | tuple) else value
    for least, most, _ in _BOUNDS:
        if isinstance(size, int) and not shape.get(least, size) <= size <= shape.get(most, size):
            return False
    if isinstance(value, list | tuple) and "items" in shape:
        return all(
            any(_fits(each, kind, shapes) for kind in _alternatives(shape["items"], shapes)) for each in value
        )
    return True


def _told(shape: Mapping[str, Any]) -> str:
    if "enum" in shape:
        return "one of " + ", ".join(map(str, shape["enum"]))
    items = shape.get("items", {})
    if "enum" in items:
        return "only " + ", ".join(map(str, items["enum"]))
    word = _WORDS.get(shape.get("type", ""), "something else")
    for least, most, unit in _BOUNDS:
        low, high = shape.get(least), shape.get(most)
        if low is not None and high is not None:
            return f"{word} of {low} to {high}{unit}"
        if high is not None:
            return f"{word} of at most {high}{unit}"
    return word
