"""A server's settings: what was written is read, what can't be used is refused with a sentence."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.server.settings import (
    SETTINGS_LIMIT,
    ServerSettings,
    SettingsUnreadable,
    changed,
    decode_settings,
    encode_settings,
)

some_settings = st.builds(
    lambda text, numbers, hours, rates: ServerSettings(
        description=text,
        max_messages=numbers,
        max_mib=1 + numbers % 1024,
        max_hours=hours,
        intro_rate=rates and rates[0],
        intro_burst=rates and sum(rates),
    ),
    st.text(max_size=512),
    st.integers(1, 3_500_000),
    st.none() | st.integers(1, 876_000),
    st.none() | st.tuples(st.integers(1, 1000), st.integers(0, 1000)),
)


@given(some_settings)
def test_what_was_written_is_read(settings: ServerSettings) -> None:
    data = encode_settings(settings)
    assert decode_settings(data) == settings
    assert len(data) <= SETTINGS_LIMIT


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"format": 1, "settings": value}).encode()
    )
)
def test_anything_else_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(SettingsUnreadable, match=r"\.$"):
        decode_settings(data)


def written(**fields: object) -> bytes:
    return json.dumps({"format": 1, "settings": fields}).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "x" * 513},
        {"max_messages": 0},
        {"max_messages": 1.5},
        {"max_messages": True},
        {"max_messages": 100_000_001},
        {"max_mib": 0},
        {"max_hours": 0},
        {"autostart": 1},
        {"intro_rate": 5},
        {"onion_pow": True, "intro_rate": 5, "intro_burst": 4},
        {"something_new": 1},
    ],
)
def test_what_is_out_of_bounds_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SettingsUnreadable):
        decode_settings(written(**fields))


def test_a_newer_file_is_refused_for_what_it_is() -> None:
    with pytest.raises(SettingsUnreadable, match="newer"):
        decode_settings(json.dumps({"format": 2, "more": {}}).encode())
    with pytest.raises(SettingsUnreadable, match="newer"):
        decode_settings(written(something_new=1))


def test_what_an_older_file_does_not_say_has_its_default() -> None:
    assert decode_settings(written(description="old")) == ServerSettings(description="old")


def test_a_file_that_is_too_long_or_too_deep_is_refused() -> None:
    assert decode_settings(written().ljust(SETTINGS_LIMIT)) == ServerSettings()
    with pytest.raises(SettingsUnreadable):
        decode_settings(written().ljust(SETTINGS_LIMIT + 1))
    with pytest.raises(SettingsUnreadable):
        decode_settings(b'{"format": 1, "settings": ' + b"[" * 8_000 + b"]" * 8_000 + b"}")


def test_a_change_is_held_against_the_bounds() -> None:
    before = ServerSettings(description="before", max_hours=5)
    assert changed(before, {"max_hours": None, "onion_pow": True}) == ServerSettings(
        description="before", onion_pow=True
    )
    assert changed(before, {}) == before
    for wrong in ({"max_messages": 0}, {"unknown": 1}, {"max_mib": "4"}, {"intro_rate": 3}):
        with pytest.raises(msgspec.ValidationError):
            changed(before, wrong)


def test_the_defences_are_what_tor_is_told() -> None:
    assert ServerSettings().onion_arguments == ""
    assert ServerSettings(intro_rate=3, intro_burst=9).onion_arguments == ""
    assert ServerSettings(onion_pow=True).onion_arguments == "PoWDefensesEnabled=1"
    assert (
        ServerSettings(onion_pow=True, intro_rate=3, intro_burst=9).onion_arguments
        == "PoWDefensesEnabled=1 PoWQueueRate=3 PoWQueueBurst=9"
    )
