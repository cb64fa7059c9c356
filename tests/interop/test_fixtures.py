"""Data made by the real Cwtch, where it is there: what we make of it is what Cwtch made."""

import base64
import json
from pathlib import Path

import pytest

from cwtchd.protocol.crypto.onion import onion_of, parse_onion, public_key_of

FIXTURES = Path(__file__).parent.parent.parent.parent / "shared" / "fixtures"

pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason=f"no genuine data: {FIXTURES} is not there, and none of it is copied here"
)


def test_the_onions_of_a_real_key_bundle_are_addresses_to_us() -> None:
    text = (FIXTURES / "bundle.json").read_text("utf-8")
    found = _strings(json.loads(text))
    servers = [each for each in found if each.startswith("server:")]
    bundles = [json.loads(base64.b64decode(each.removeprefix("server:"))) for each in servers]
    onions = [
        each for each in found + _strings(bundles) if len(each) == 56 and each.isalnum() and each.islower()
    ]
    assert onions, "the fixture has another shape than its README says"
    for onion in onions:
        assert onion_of(public_key_of(parse_onion(onion))) == onion


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [inner for each in value.values() for inner in _strings(each)]
    if isinstance(value, list):
        return [inner for each in value for inner in _strings(each)]
    return []
