"""Key bundles: what a server hands to those who would use it, signed by the onion of its board (wire-server §1.2, §1.3).

    server:<base64 of {"Keys":{"bulletin_board_onion":…,"privacy_pass_public_key":…,"token_service_onion":…},"Signature":…}>

Rules: what is signed is the same JSON with `null` for the signature and its keys sorted, which is rebuilt here whatever order came in,
as Go does. Keys that we don't know are signed with the others, and kept. A bundle that is returned is whole and rightly signed. Left
out: whether it is the bundle that somebody had before, and the group's invite that may stand behind it.
"""

import base64
import binascii

from cwtchd.protocol import server_table as table
from cwtchd.protocol.crypto.group import is_point
from cwtchd.protocol.crypto.onion import parse_onion, public_key_of
from cwtchd.protocol.crypto.primitives import signed_by
from cwtchd.protocol.errors import InvalidBundle, InvalidOnion, RemoteProtocolError
from cwtchd.protocol.model import KeyBundle
from cwtchd.protocol.wire.gojson import bytes_of, pairs_of, read_pairs, text_of, write_bytes, write_text

_KNOWN = (table.BUNDLE_SERVER, table.BUNDLE_TOKENS, table.BUNDLE_SERVICE)


def encode_bundle(bundle: KeyBundle) -> str:
    """The `server:` string."""
    written = _json(bundle, write_bytes(bundle.signature))
    return table.BUNDLE_PREFIX + base64.b64encode(written).decode()


def signed_text(bundle: KeyBundle) -> bytes:
    """The bytes that the signature is over, whatever the signature."""
    return _json(bundle, "null")


def decode_bundle(text: str) -> KeyBundle:
    """Reads a `server:` string and checks all of it. Raises InvalidBundle."""
    if len(text) > table.BUNDLE_LIMIT:
        raise InvalidBundle("A server's key bundle is not as long as that.")
    if not text.startswith(table.BUNDLE_PREFIX):
        raise InvalidBundle("A server's key bundle begins with 'server:'.")
    try:
        bundle = _read(base64.b64decode(text[len(table.BUNDLE_PREFIX) :], validate=True))
    except (binascii.Error, ValueError, RemoteProtocolError):
        raise InvalidBundle(
            "This is not a server's key bundle, or only a part of one: copy it whole."
        ) from None
    except InvalidOnion:
        raise InvalidBundle("One of the bundle's onions is no address.") from None
    if not is_point(bundle.token_key):
        raise InvalidBundle("The bundle's key for tokens is no key: no token could be bought with it.")
    if not signed_by(public_key_of(bundle.server), signed_text(bundle), bundle.signature):
        raise InvalidBundle("The bundle's signature is wrong: it is not what the server signed.")
    return bundle


def _json(bundle: KeyBundle, signature: str) -> bytes:
    # What was signed came from somewhere: a name that we know can't be among the others.
    keys = {
        **dict(bundle.extra),
        table.BUNDLE_SERVER: bundle.server,
        table.BUNDLE_TOKENS: base64.b64encode(bundle.token_key).decode(),
        table.BUNDLE_SERVICE: bundle.token_service,
    }
    written = ",".join(f"{write_text(name)}:{write_text(keys[name])}" for name in sorted(keys))
    return f'{{"Keys":{{{written}}},"Signature":{signature}}}'.encode()


def _read(data: bytes) -> KeyBundle:
    fields = {name.lower(): value for name, value in read_pairs(data, table.BUNDLE_LIMIT)}
    keys = {text_of(name): text_of(value) for name, value in pairs_of(fields.get("keys"))}
    server, token_key, token_service = (keys.pop(name, "") for name in _KNOWN)
    return KeyBundle(
        parse_onion(server),
        parse_onion(token_service),
        bytes_of(token_key),
        bytes_of(fields.get("signature")),
        tuple(sorted(keys.items())),
    )
