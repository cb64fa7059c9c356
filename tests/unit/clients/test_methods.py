"""The typed methods: made from the API's document, on both faces, with nouns that know every field."""

import inspect
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cwtch_client import AsyncClient, Client, Conversation, CursorExpired, Message, Profile, RpcError, model
from cwtch_client import methods as generated
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from cwtchd.rpc.dispatch import DOCUMENT
from tests.support.own_loop import on_own_loop
from tests.unit.clients.conftest import BOB
from tools.generate_client import CALLED, LEFT_OUT, Unwritable, modules


def test_a_method_of_the_api_is_a_method_of_the_client(daemon: FakeDaemon, alice: FakeProfile) -> None:
    with Client(daemon.path) as client:
        made: Conversation = client.contact.add(profile=alice.id, address=BOB, name="bob")
        sent: Message = client.message.send(profile=alice.id, conversation=made.id, text="hi", client_id="x")
        again = client.message.send(profile=alice.id, conversation=made.id, text="hi", client_id="x")
        assert again.id == sent.id
        assert [each.id for each in client.message.list(profile=alice.id, conversation=made.id).messages] == [
            sent.id
        ]
        client.profile.lock(profile=alice.id)
        with pytest.raises(RpcError) as caught:
            client.profile.get(profile=alice.id)
        assert caught.value.name == "profile_locked"


@on_own_loop
async def test_and_of_the_asyncio_face(daemon: FakeDaemon, alice: FakeProfile) -> None:
    async with AsyncClient(daemon.path) as client:
        found: list[Profile] = await client.profile.list()
        assert [each.id for each in found] == [alice.id]
        with pytest.raises(CursorExpired):
            await client.event.list(profile=alice.id, after=9)


@pytest.mark.parametrize("method", [each for each in DOCUMENT["methods"] if each["name"] not in LEFT_OUT])
@pytest.mark.parametrize("face", ["", "Async"])
def test_every_method_is_there_with_its_params(method: dict[str, Any], face: str) -> None:
    noun, verb = method["name"].split(".")
    kind = getattr(getattr(generated, noun), f"{face}{noun.title()}Methods")
    function = getattr(kind, verb)
    params = list(inspect.signature(function).parameters.values())[1:]
    assert [each.name for each in params] == [each["name"] for each in method["params"]]
    assert [each.default is inspect.Parameter.empty for each in params] == [
        each["required"] for each in method["params"]
    ]
    assert inspect.iscoroutinefunction(function) is bool(face)


NOUNS = {
    name: getattr(model, CALLED.get(name, name))
    for name in DOCUMENT["components"]["schemas"]
    if hasattr(model, CALLED.get(name, name))
}


@pytest.mark.parametrize("name", sorted(NOUNS))
def test_a_noun_has_every_field_of_the_document(name: str) -> None:
    known = {field.name for field in msgspec.structs.fields(NOUNS[name])}
    assert known >= DOCUMENT["components"]["schemas"][name]["properties"].keys()


def test_the_fake_daemon_has_every_method_of_the_document() -> None:
    from cwtch_client.fake_methods import METHODS  # noqa: PLC0415 - only this test looks into it

    kept_by_the_connection = {"rpc.authenticate", "event.subscribe", "event.unsubscribe"}
    assert METHODS.keys() >= {each["name"] for each in DOCUMENT["methods"]} - kept_by_the_connection


def described(**method: Any) -> dict[str, Any]:
    whole = {"name": "noun.verb", "summary": "Does.", "params": [], "errors": [], **method}
    return {"methods": [whole], "components": {"schemas": {"Strange": {"properties": {}}}}}


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        ({"result": {"schema": {"$ref": "#/components/schemas/Strange"}}}, "no noun for it"),
        (
            {
                "result": {"schema": {"type": "null"}},
                "params": [{"name": "from", "required": True, "schema": {"type": "string"}}],
            },
            "keyword",
        ),
        (
            {
                "result": {"schema": {"type": "null"}},
                "params": [{"name": "x", "required": True, "schema": {"anyOf": [{"type": "null"}]}}],
            },
            "also where it is null",
        ),
        ({"name": "events.list", "result": {"schema": {"type": "null"}}}, "already"),
    ],
)
def test_what_cannot_be_written_ends_the_generator_with_a_sentence(
    method: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Unwritable, match=sentence):
        modules(described(**method))


def test_a_generated_module_says_where_it_comes_from() -> None:
    made = modules(described(result={"schema": {"type": "array", "items": {"type": "integer"}}}))
    (text,) = (text for path, text in made.items() if path == Path(path.parent, "noun.py"))
    assert "make docs" in text.splitlines()[0]
    assert "def verb(self) -> list[int]:" in text
