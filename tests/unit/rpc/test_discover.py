"""The OpenRPC document: it says what the code does, and its examples are calls that the code takes."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

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


def openrpc_faults(document: dict[str, Any]) -> list[str]:
    vector = json.loads((Path(__file__).parents[2] / "vectors" / "openrpc-meta-schema.json").read_text())
    json_schema = DRAFT7.create_resource(vector["json_schema"])
    known: Registry[Any] = Registry().with_resources(
        [
            ("https://meta.json-schema.tools", json_schema),
            ("https://meta.json-schema.tools/", json_schema),
            ("https://meta.open-rpc.org/", DRAFT7.create_resource(vector["openrpc"])),
        ]
    )
    return [
        error.message for error in Draft7Validator(vector["openrpc"], registry=known).iter_errors(document)
    ]


def test_the_document_is_one_of_openrpc_by_its_own_meta_schema() -> None:
    assert openrpc_faults(DOCUMENT) == []
    without_a_name = {**DOCUMENT, "methods": [{**DOCUMENT["methods"][0], "name": 7}]}
    assert openrpc_faults(without_a_name), "the meta-schema would say what is wrong"


def test_every_schema_is_one_and_every_example_fits_it() -> None:
    whole = {"components": DOCUMENT["components"]}
    for method in DOCUMENT["methods"]:
        (example,) = method["examples"]
        values = {each["name"]: each["value"] for each in example["params"]}
        for param in method["params"]:
            schema = {**whole, **param["schema"]}
            Draft202012Validator.check_schema(schema)
            if param["name"] in values:
                Draft202012Validator(schema).validate(values[param["name"]])
        if method["name"] != "rpc.discover":  # whose example is only the document's beginning
            Draft202012Validator({**whole, **method["result"]["schema"]}).validate(example["result"]["value"])
