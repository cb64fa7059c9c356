"""The OpenRPC document: it says what the code does, and its examples are calls that the code takes."""

import json
from typing import Any

import msgspec
import pytest

from cwtchd.app.errors import ProfileLocked, StorageFailed
from cwtchd.rpc.dispatch import DOCUMENT, METHODS
from cwtchd.rpc.methods.registry import Method
from cwtchd.store.events import EventType


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_every_example_is_a_call_that_is_taken_and_an_answer_of_its_type(method: Method[Any]) -> None:
    params, result = method.example
    assert msgspec.json.decode(msgspec.json.encode(params), type=method.params) == params
    msgspec.convert(msgspec.to_builtins(result), type=method.result)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
def test_every_method_is_described_with_params_result_errors_and_an_example(method: Method[Any]) -> None:
    (described,) = [each for each in DOCUMENT["methods"] if each["name"] == method.name]
    assert described["summary"].endswith(".")
    assert [each["name"] for each in described["params"]] == list(method.params.__struct_fields__)
    assert len(described["errors"]) == len(method.errors)
    assert described["examples"]
    if method.on_profile is not None:
        assert {ProfileLocked, StorageFailed} <= set(method.errors)


def test_every_reference_leads_somewhere() -> None:
    def look(value: object) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                at: Any = DOCUMENT
                for part in value["$ref"].removeprefix("#/").split("/"):
                    at = at[part]
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(DOCUMENT)
    json.dumps(DOCUMENT)


def test_every_event_of_the_log_is_described() -> None:
    assert {type_.value for type_ in EventType} <= set(DOCUMENT["x-events"])
