"""The client's typed methods, written from the OpenRPC document: clients/cwtch_client/methods/, a module a noun.

`make docs` writes them and `make check` says when they are stale (tools/generate_docs.py). Each method of the API becomes one for
Client and one for AsyncClient. What a result is made of are the nouns of cwtch_client.model, kept by hand: one that is missing there
ends the generator with a sentence.
"""

import keyword
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cwtch_client import model

METHODS = Path(__file__).parent.parent / "clients" / "cwtch_client" / "methods"
MADE_BY = "made by `make docs` from the API's description: change tools/generate_client.py, not this file."
MOST_LINES = 400

LEFT_OUT = {
    "event.subscribe": "a client's `events` follows, and goes on where the connection was lost",
    "event.unsubscribe": "likewise",
    "rpc.authenticate": "a client shows its token on every connection that it makes",
}
"""Methods that are no methods of the client, and why."""

CALLED = {"DaemonReport": "DaemonStatus", "TorReport": "TorStatus", "ContactConnection": "Connection"}
"""Schemas whose nouns have another name in the client."""

TAKEN = {"call", "ask", "events", "raw_events", "close", "path"}
"""What a client has beside its nouns."""

NULL = model.Null.__name__
"""What a param takes where null changes something, and to leave it out changes nothing: there the document has no default."""

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


class Unwritable(Exception):
    """The document has something that this generator can't say in Python."""


def modules(described: dict[str, Any]) -> dict[Path, str]:
    """Every generated module with its text."""
    nouns: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for method in described["methods"]:
        if method["name"] not in LEFT_OUT:
            nouns[method["name"].split(".")[0]].append(method)
    if clash := TAKEN & nouns.keys():
        raise Unwritable(f"A client has {clash} already: give the API's noun another name in the client.")
    schemas = described["components"]["schemas"]
    made = {f"{noun}.py": _noun_module(noun, nouns[noun], schemas) for noun in sorted(nouns)}
    made["__init__.py"] = _clients_module(sorted(nouns))
    return {METHODS / name: _formatted(name, text) for name, text in made.items()}


def _formatted(name: str, text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(METHODS / name), "-"]
    formatted = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    if formatted.count("\n") > MOST_LINES:
        raise Unwritable(f"{name} would pass {MOST_LINES} lines: let the generator split it by face.")
    return formatted


# --- one noun ------------------------------------------------------------------------------------------------------------


def _noun_module(noun: str, methods: list[dict[str, Any]], schemas: dict[str, Any]) -> str:
    # `list` comes last: behind it, the word would mean the method in the annotations of its class.
    ordered = sorted(methods, key=lambda method: method["name"].endswith(".list"))
    blocking = [line for method in ordered for line in _method(method, schemas, "")]
    awaited = [line for method in ordered for line in _method(method, schemas, "async ")]
    body = "\n".join([*_class(noun, "", blocking), *_class(noun, "Async", awaited)])
    words = set(re.findall(r"\w+", _unquoted(body)))
    used = sorted(name for name in words if _is_noun(name) or name == NULL)
    lines = [f'"""{noun}.*, {MADE_BY}"""', ""]
    if "Literal[" in body:
        lines += ["from typing import Literal", ""]
    lines.append("from cwtch_client.asking import Asking, AsyncAsking")
    if used:
        lines.append(f"from cwtch_client.model import {', '.join(used)}")
    return "\n".join([*lines, "", body, ""])


def _unquoted(code: str) -> str:
    """Code without its docstrings and strings, whose words import nothing."""
    return re.sub(r'""".*?"""|"[^"]*"', "", code, flags=re.DOTALL)


def _is_noun(name: str) -> bool:
    found = getattr(model, name, None)
    return isinstance(found, type) and issubclass(found, model.Noun) and found is not model.Noun


def _class(noun: str, face: str, methods: list[str]) -> list[str]:
    about = "with an AsyncClient" if face else "with a Client"
    return [
        f"class {face}{noun.title()}Methods:",
        f'    """{noun}.*, {about}."""',
        f"    def __init__(self, asking: {face}Asking) -> None:",
        "        self._asking = asking",
        *methods,
        "",
    ]


def _method(method: dict[str, Any], schemas: dict[str, Any], face: str) -> Iterator[str]:
    name = method["name"].split(".", 1)[1]
    result = _annotation(method["result"]["schema"], schemas, returned=True)
    params = [_param(method["name"], param, schemas) for param in method["params"]]
    star = ["*"] if params else []
    given = "".join(f", {param['name']}={param['name']}" for param in method["params"])
    wait = "await " if face else ""
    yield f"    {face}def {_word(name)}({', '.join(['self', *star, *params])}) -> {result}:"
    yield from _docstring(method)
    if result == "None":
        yield f'        {wait}self._asking.call("{method["name"]}"{given})'
    else:
        yield f'        return {wait}self._asking.ask({result}, "{method["name"]}"{given})'


def _word(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _docstring(method: dict[str, Any]) -> Iterator[str]:
    told = [
        f"        {param['name']}: {param['schema']['description']}."
        for param in method["params"]
        if "description" in param["schema"]
    ]
    names = [error["$ref"].rsplit("/", 1)[-1] for error in method["errors"]]
    if names:
        told.append(f"        Refused as: {', '.join(names)}.")
    if not told:
        yield f'        """{method["summary"]}"""'
        return
    yield f'        """{method["summary"]}'
    yield ""
    yield from told
    yield '        """'


def _param(method: str, param: dict[str, Any], schemas: dict[str, Any]) -> str:
    name = param["name"]
    if keyword.iskeyword(name):
        raise Unwritable(f"{method} takes {name!r}, which is a keyword of Python: teach the generator that.")
    annotation = _annotation(param["schema"], schemas, returned=False)
    parts = annotation.split(" | ")
    if param["required"]:
        if "None" in parts:
            raise Unwritable(f"{method} needs {name!r}, also where it is null, and a client leaves out None.")
        return f"{name}: {annotation}"
    null = [NULL] if "None" in parts and "default" not in param["schema"] else []
    return f"{name}: {' | '.join([*(part for part in parts if part != 'None'), *null, 'None'])} = None"


def _annotation(shape: dict[str, Any], schemas: dict[str, Any], *, returned: bool) -> str:
    """A schema as Python says it."""
    if "$ref" in shape:
        name = shape["$ref"].rsplit("/", 1)[-1]
        return (
            _annotation(schemas[name], schemas, returned=returned) if "enum" in schemas[name] else _noun(name)
        )
    if "enum" in shape:
        return "str" if returned else f"Literal[{', '.join(map(repr, shape['enum']))}]"
    if "anyOf" in shape:
        parts = [_annotation(one, schemas, returned=returned) for one in shape["anyOf"]]
        return " | ".join(dict.fromkeys(parts))
    if shape.get("type") in ("array", "object"):
        return _collection(shape, schemas, returned=returned)
    return PLAIN.get(shape.get("type", ""), "object")


def _collection(shape: dict[str, Any], schemas: dict[str, Any], *, returned: bool) -> str:
    if shape["type"] == "array":
        return f"list[{_annotation(shape.get('items', {}), schemas, returned=returned)}]"
    values = shape.get("additionalProperties")
    inner = _annotation(values, schemas, returned=returned) if isinstance(values, dict) else "object"
    return f"dict[str, {inner}]"


def _noun(schema: str) -> str:
    name = CALLED.get(schema, schema.rsplit(".", 1)[-1])
    if not _is_noun(name):
        raise Unwritable(
            f"The API returns {schema}, and the client has no noun for it: write {name} in clients/cwtch_client/model.py, "
            "or say in tools/generate_client.py what it is called there."
        )
    return name


# --- all of them ---------------------------------------------------------------------------------------------------------


def _clients_module(nouns: list[str]) -> str:
    lines = [f'"""The API\'s methods, by noun; {MADE_BY}"""', "", "from functools import cached_property", ""]
    lines.append("from cwtch_client.asking import Asking, AsyncAsking")
    for noun in nouns:
        title = noun.title()
        lines.append(f"from cwtch_client.methods.{noun} import Async{title}Methods, {title}Methods")
    for face, about in (("", "that blocks"), ("Async", "for asyncio")):
        lines += [
            "",
            f"class {face}Nouns({face}Asking):",
            f'    """Every noun of the API, for a client {about}."""',
        ]
        for noun in nouns:
            kind = f"{face}{noun.title()}Methods"
            lines += ["    @cached_property", f"    def {noun}(self) -> {kind}:"]
            lines += [f'        """{noun}.*."""', f"        return {kind}(self)"]
    return "\n".join([*lines, ""])
