"""Calls made from the OpenRPC document: values that fit a schema, values that nearly do, and values that nobody would send.

The document is the only source, so that a method that is added is tried without anybody thinking of it.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]
Known = Mapping[str, Sequence[Any]]
"""Values of params that lead somewhere (an open profile, a contact that is there), by the param's name."""

RAW = "\uf8ffraw:"
"""Marks a string that stands for bare JSON text which `json.dumps` doesn't write."""


class Document:
    """What a daemon says of itself."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.methods: dict[str, Mapping[str, Any]] = {each["name"]: each for each in document["methods"]}

    def params_schema(self, method: str) -> Schema:
        """The params of a method as one object."""
        described = self.methods[method]["params"]
        return {
            "type": "object",
            "properties": {each["name"]: each["schema"] for each in described},
            "required": [each["name"] for each in described if each["required"]],
            "additionalProperties": False,
        }

    def codes(self, method: str) -> set[int]:
        """The errors that the method lists."""
        errors = self._document["components"]["errors"]
        return {errors[each["$ref"].rpartition("/")[2]]["code"] for each in self.methods[method]["errors"]}

    def fits(self, schema: Schema, value: Any) -> bool:
        """Whether a value is what the schema says."""
        return bool(
            Draft202012Validator({**schema, "components": self._document["components"]}).is_valid(value)
        )

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself where this one refers to it."""
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def params(self, method: str, known: Known) -> st.SearchStrategy[dict[str, Any]]:
        """Params that fit."""
        schema = self.params_schema(method)
        every = {name: self._param(name, inner, known) for name, inner in schema["properties"].items()}
        required = {name: values for name, values in every.items() if name in schema["required"]}
        optional = {name: values for name, values in every.items() if name not in required}
        return st.fixed_dictionaries(required, optional=optional)

    def _param(self, name: str, schema: Schema, known: Known) -> st.SearchStrategy[Any]:
        fitting = [value for value in known.get(name, ()) if self.fits(schema, value)]
        return st.sampled_from(fitting) | self.values(schema) if fitting else self.values(schema)

    def values(self, schema: Schema) -> st.SearchStrategy[Any]:
        """Values that fit a schema: those at its bounds too."""
        schema = self.resolve(schema)
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum") or [schema["const"]])
        if "anyOf" in schema:
            return st.one_of([self.values(each) for each in schema["anyOf"]])
        if schema.get("type") == "array":
            most = min(schema.get("maxItems", 4), 4)
            return st.lists(self.values(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
        return _PLAIN[schema["type"]](schema)  # a kind that is new here is to be thought of


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(re.compile(schema["pattern"]), fullmatch=True)
    least, most = schema.get("minLength", 0), schema.get("maxLength", 70_000)
    short = st.text(min_size=least, max_size=min(most, 40))
    return short | st.sampled_from(["x" * most, "\N{PILE OF POO}" * min(most, 9_000)])


def _integers(schema: Schema) -> st.SearchStrategy[int]:
    least, most = schema.get("minimum", -(1 << 70)), schema.get("maximum", 1 << 70)
    return st.integers(least, min(most, least + 5)) | st.sampled_from([least, most])


_PLAIN: Mapping[str, Callable[[Schema], st.SearchStrategy[Any]]] = {
    "string": _strings,
    "integer": _integers,
    "boolean": lambda _: st.booleans(),
    "null": lambda _: st.none(),
}


hostile_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, False, [], {}, "", "x", "\0", "a\0b", "1", "null", "../../etc/passwd", "/dev/zero", "x" * 5000,
        -1, 0, 1, 1.5, 1 << 31, 1 << 53, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63) - 1, 10**400,
        [[[[[[]]]]]], {"zebra": {"zebra": None}}, ["zebra"] * 100, "zebra", "é" * 300, "\u202e", "'; DROP TABLE messages; --",
        RAW + "1e400", RAW + "-1e400", RAW + "[" * 800 + "]" * 800, RAW + "9" * 5000, RAW + '"\\ud800"',
        RAW + '{"\\udfff":1}',
    ]
)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, whole: st.SearchStrategy[dict[str, Any]]) -> Any:
    """Params that nearly fit: a value is another, one is missing, one is too many, a name is not quite right."""
    params: dict[str, Any] = dict(draw(whole))
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from([*sorted(params), "zebra", "profile", "__class__", ""]))
        match draw(st.sampled_from(["replace", "replace", "drop", "rename"])):
            case "replace":
                params[name] = draw(hostile_values)
            case "drop":
                params.pop(name, None)
            case _:
                params[name.upper() + " "] = params.pop(name, None)
    return params


def written(value: Any) -> str:
    """JSON text, with what only bare text can say."""
    text = json.dumps(value)
    marker = json.dumps(RAW)[:-1]
    while marker in text:
        before, _, rest = text.partition(marker)
        raw, after = json.JSONDecoder().raw_decode('"' + rest)
        text = before + raw + rest[after - 1 :]
    return text
