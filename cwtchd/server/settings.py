"""What an operator sets of a server, and the JSON in which it is kept.

Rules: every number has bounds, a text a length; a file is decoded strictly, and one that a newer cwtchd wrote is refused, since what it
says of more could not be kept.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from cwtchd.protocol.server_table import KEPT_MOST

SETTINGS_LIMIT = 16_384
"""Bytes of a settings file: a longer one is not ours."""
FORMAT = 1

Description = Annotated[str, Meta(max_length=512)]
Messages = Annotated[int, Meta(ge=1, le=KEPT_MOST)]
Mebibytes = Annotated[int, Meta(ge=1, le=1 << 20)]
Hours = Annotated[int, Meta(ge=1, le=876_000)]
Rate = Annotated[int, Meta(ge=1, le=1_000_000)]


class SettingsUnreadable(Exception):
    """The settings can't be used. The text is a sentence that says what to do."""


class ServerSettings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server's settings. The last three are what tor does before a caller reaches us; they need tor's own module `pow`.

    `onion_pow` asks callers for tor's proof of work while they are many; `intro_rate` and `intro_burst` are how many introductions a second, and how
    many at once, are then let through (tor's PoWQueueRate and PoWQueueBurst; both None: tor's own, 250 and 2500).
    """

    description: Description = ""
    autostart: bool = False
    max_messages: Messages = 1_000_000
    max_mib: Mebibytes = 4096
    """of ciphertexts and signatures; the file takes about half as much again"""
    max_hours: Hours | None = None
    """None: messages do not age"""
    onion_pow: bool = False
    intro_rate: Rate | None = None
    intro_burst: Rate | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for numbers that tor would take and not act on. (msgspec calls it after decoding too.)"""
        if (self.intro_rate is None) != (self.intro_burst is None):
            raise ValueError("intro_rate and intro_burst are set together.")
        if (self.intro_burst or 0) < (self.intro_rate or 0):
            raise ValueError("intro_burst is at least intro_rate.")

    @property
    def onion_arguments(self) -> str:
        """What ADD_ONION takes for the defences, "" for none."""
        if not self.onion_pow:
            return ""
        if self.intro_rate is None:
            return "PoWDefensesEnabled=1"
        return f"PoWDefensesEnabled=1 PoWQueueRate={self.intro_rate} PoWQueueBurst={self.intro_burst}"


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    settings: ServerSettings


class _Version(Struct, frozen=True):
    format: int


_file = msgspec.json.Decoder(_File)
_version = msgspec.json.Decoder(_Version)


def changed(settings: ServerSettings, changes: Mapping[str, object]) -> ServerSettings:
    """These settings with some fields anew. Raises msgspec.ValidationError, a ValueError, where one is not what it may be."""
    return msgspec.convert({**msgspec.structs.asdict(settings), **changes}, ServerSettings)


def encode_settings(settings: ServerSettings) -> bytes:
    """The file's bytes: a JSON object `{"format": 1, "settings": {…}}`."""
    return msgspec.json.format(msgspec.json.encode(_File(FORMAT, settings)), indent=2) + b"\n"


def decode_settings(data: bytes) -> ServerSettings:
    """Reads what `encode_settings` made, by this version or an older one. Raises SettingsUnreadable."""
    if len(data) > SETTINGS_LIMIT:
        raise SettingsUnreadable(
            "The server's settings are too long to be settings: put back the file that belongs here."
        )
    try:
        version = _version.decode(data).format
        if version > FORMAT:
            raise SettingsUnreadable("The server's settings were written by a newer cwtchd: start that one.")
        return _file.decode(data).settings
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SettingsUnreadable(
            "The server's settings can't be read, or hold what this cwtchd doesn't know: put back the file that belongs here, "
            "or start the newer cwtchd that wrote it."
        ) from None
