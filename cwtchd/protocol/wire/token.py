"""What a token service and its guest say to each other about tokens, and how a token is shown (wire-server §2.4, §2.6).

    blinded   [{"P":"<base64>"},…]
    batch     {"st":[{"Q":"<base64>"},…],"dp":{"C":"<base64>","S":"<base64>"}}
    spent     {"T":"<base64>","MAC":"<base64>"}

Rules: a batch is bounded before its points are looked at. Left out: whether bytes are points or scalars, which the mathematics finds out.
"""

from collections.abc import Iterable, Sequence

from cwtchd.protocol.crypto.group import POINT_SIZE, SCALAR_SIZE
from cwtchd.protocol.crypto.privacypass import SignedBatch
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import SpentToken
from cwtchd.protocol.server_table import BATCH_LIMIT
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.gojson import array_of, bytes_of, object_of, read_array, read_object, write_bytes


def encode_blinded(points: Iterable[bytes]) -> bytes:
    """What a guest sends to have signed."""
    return f"[{_written('P', points)}]".encode()


def decode_blinded(data: bytes) -> tuple[bytes, ...]:
    """Reads it: 1 to 32 points of 32 bytes. Raises RemoteProtocolError."""
    return _points("p", read_array(data, PACKET_SIZE))


def encode_batch(batch: SignedBatch) -> bytes:
    """What a token service answers."""
    proof = f'{{"C":{write_bytes(batch.challenge)},"S":{write_bytes(batch.response)}}}'
    return f'{{"st":[{_written("Q", batch.signed)}],"dp":{proof}}}'.encode()


def decode_batch(data: bytes) -> SignedBatch:
    """Reads it: 1 to 32 points and a proof. Raises RemoteProtocolError."""
    fields = read_object(data, PACKET_SIZE)
    proof = object_of(fields.get("dp"))
    scalars = bytes_of(proof.get("c")), bytes_of(proof.get("s"))
    if any(len(scalar) != SCALAR_SIZE for scalar in scalars):
        raise RemoteProtocolError("The server sent a proof that is not two scalars of 32 bytes.")
    return SignedBatch(_points("q", array_of(fields.get("st"))), *scalars)


def encode_spent(token: SpentToken) -> str:
    """How a token is shown beside what it pays for."""
    return f'{{"T":{write_bytes(token.secret)},"MAC":{write_bytes(token.mac)}}}'


def spent_of(value: object) -> SpentToken:
    """A field that is a token as it is shown, of any sizes. Raises RemoteProtocolError."""
    fields = object_of(value)
    return SpentToken(bytes_of(fields.get("t")), bytes_of(fields.get("mac")))


def _written(name: str, points: Iterable[bytes]) -> str:
    return ",".join(f'{{"{name}":{write_bytes(point)}}}' for point in points)


def _points(name: str, values: Sequence[object]) -> tuple[bytes, ...]:
    if not 0 < len(values) <= BATCH_LIMIT:
        raise RemoteProtocolError(
            "The other side sent a batch of no tokens, or of more than a batch may have."
        )
    points = tuple(bytes_of(object_of(value).get(name)) for value in values)
    if any(len(point) != POINT_SIZE for point in points):
        raise RemoteProtocolError("The other side sent a point that is not 32 bytes.")
    return points
