"""Key bundles: a genuine one, ours, and everything that is not whole or not rightly signed."""

import base64
import json
import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import sign, signed_by
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.errors import InvalidBundle
from cwtchd.protocol.model import KeyBundle
from cwtchd.protocol.server_table import BUNDLE_LIMIT
from cwtchd.protocol.wire.bundle import decode_bundle, encode_bundle, signed_text

GENUINE = Path(__file__).parents[4] / "shared" / "fixtures" / "bundle.json"
BOARD, SERVICE = identity_from_seed(bytes([1]) * 32), identity_from_seed(bytes([2]) * 32)
KEY = TokenKey.of((7).to_bytes(32, "little"))


def bundle(*extra: tuple[str, str]) -> KeyBundle:
    unsigned = KeyBundle(BOARD.onion, SERVICE.onion, KEY.public, b"", extra)
    return replace(unsigned, signature=sign(BOARD.seed, signed_text(unsigned)))


def written(value: Any) -> str:
    """What is not necessarily a bundle, in the clothes of one."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "server:" + base64.b64encode(text.encode()).decode()


def fields(made: KeyBundle) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(base64.b64decode(encode_bundle(made)[7:]))
    return loaded


def refused(text: str) -> str:
    with pytest.raises(InvalidBundle) as raised:
        decode_bundle(text)
    return str(raised.value)


@pytest.fixture(scope="module")
def genuine() -> str:
    if not GENUINE.exists():
        warnings.warn(f"no genuine bundle at {GENUINE}", pytest.PytestWarning, stacklevel=1)
        pytest.skip(f"the genuine bundle is not here: {GENUINE}")
    loaded: dict[str, str] = json.loads(GENUINE.read_text(encoding="utf-8"))
    return loaded["server_bundle"]


def test_a_genuine_bundle_is_read_and_written_bit_for_bit(genuine: str) -> None:
    read = decode_bundle(genuine)
    assert encode_bundle(read) == genuine
    assert read.extra == ()
    assert len(read.token_key) == 32
    assert read.server != read.token_service


def test_a_genuine_bundle_with_one_bit_changed_is_refused(genuine: str) -> None:
    data = bytearray(base64.b64decode(genuine[7:]))
    for at in range(len(data)):
        changed = data.copy()
        changed[at] ^= 1
        text = "server:" + base64.b64encode(changed).decode()
        # A name's case is the one thing that does not count, and a bit of it is not the lowest.
        refused(text)


def test_what_is_signed_has_null_for_its_signature_and_its_keys_sorted() -> None:
    assert signed_text(bundle(("zz", "1"), ("a", "<2>"))).decode() == (
        f'{{"Keys":{{"a":"\\u003c2\\u003e","bulletin_board_onion":"{BOARD.onion}",'
        f'"privacy_pass_public_key":"{base64.b64encode(KEY.public).decode()}",'
        f'"token_service_onion":"{SERVICE.onion}","zz":"1"}},"Signature":null}}'
    )


@pytest.mark.parametrize(
    "extra",
    [(), (("cwtchd_ext", "1"),), (("A", ""), ("a", "é\u2028"), ("bulletin_board_onio", "x"))],
    ids=["none", "one", "several"],
)
def test_ours_are_read_as_they_were_written_with_keys_that_we_do_not_know(extra: Any) -> None:
    made = bundle(*extra)
    assert decode_bundle(encode_bundle(made)) == made


def test_a_bundle_in_another_order_and_case_is_read_as_go_reads_it() -> None:
    made = bundle(("x", "1"))
    keys = dict(reversed(fields(made)["Keys"].items()))
    text = written({"signature": fields(made)["Signature"], "ignored": [1.5], "KEYS": keys})
    assert decode_bundle(text) == made


def test_a_key_that_we_do_not_know_is_signed_with_the_others() -> None:
    for changed in ({"x": "2"}, {}, {"x": "1", "y": ""}, {"X": "1"}):
        loaded = fields(bundle(("x", "1")))
        del loaded["Keys"]["x"]
        loaded["Keys"].update(changed)
        assert "signature" in refused(written(loaded))


@pytest.mark.parametrize("name", ["bulletin_board_onion", "privacy_pass_public_key", "token_service_onion"])
@pytest.mark.parametrize("value", ["", "x", None, 7, ["a"], "A" * 56])
def test_every_key_is_there_and_is_one(name: str, value: Any) -> None:
    loaded = fields(bundle())
    loaded["Keys"][name] = value
    refused(written(loaded))
    del loaded["Keys"][name]
    refused(written(loaded))


@pytest.mark.parametrize("name", ["bulletin_board_onion", "token_service_onion"])
def test_an_onion_has_one_spelling(name: str) -> None:
    for spell in (str.upper, lambda text: text + ".onion", lambda text: " " + text, lambda text: text[:-1]):
        loaded = fields(bundle())
        loaded["Keys"][name] = spell(loaded["Keys"][name])
        assert "onion" in refused(written(loaded))


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32, bytes(31), KEY.public + b"\0"])
def test_a_key_that_no_token_could_be_bought_with_is_refused_even_when_signed(key: bytes) -> None:
    """The identity among them: what a known fault of the first implementation publishes (wire-server 1.4)."""
    unsigned = KeyBundle(BOARD.onion, SERVICE.onion, key, b"")
    made = replace(unsigned, signature=sign(BOARD.seed, signed_text(unsigned)))
    assert "tokens" in refused(encode_bundle(made))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), os.urandom(64)])
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    assert "signature" in refused(encode_bundle(replace(bundle(), signature=signature)))


def test_the_signature_is_the_boards_and_no_one_elses() -> None:
    made = replace(bundle(), signature=sign(SERVICE.seed, signed_text(bundle())))
    assert "signature" in refused(encode_bundle(made))
    assert not signed_by(BOARD.public_key, signed_text(bundle()), made.signature)
    assert signed_by(SERVICE.public_key, signed_text(bundle()), made.signature)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "server:",
        "server:!",
        "server:e30=",
        "server:W10=",
        encode_bundle(bundle())[7:],
        "SERVER:" + encode_bundle(bundle())[7:],
        encode_bundle(bundle()) + "\n",
        encode_bundle(bundle())[:-4],
        "tofubundle:" + encode_bundle(bundle()),
        written({"Keys": [], "Signature": ""}),
        written({"Keys": None}),
        written("[" * 5000),
        written('{"Keys":{"a":"\\ud800"}}'),
        "server:" + "A" * BUNDLE_LIMIT,
        "server:é",
        "\ud800",
    ],
)
def test_what_is_no_bundle(text: str) -> None:
    refused(text)


def test_a_sentence_quotes_nothing() -> None:
    assert "zebra" not in refused(written({"Keys": {"zebra": "zebra"}}))
