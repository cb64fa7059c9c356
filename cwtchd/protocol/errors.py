"""The two protocol errors (h11's rule): ours and theirs, never mixed.

No text of these errors quotes a peer's bytes: the sentences are constants of this program.
"""


class ProtocolError(Exception):
    """Root of everything that can go wrong in the protocol."""


class LocalProtocolError(ProtocolError):
    """We misused the protocol: a bug of ours, never sent to anyone."""


class RemoteProtocolError(ProtocolError):
    """The other side's bytes are not what the protocol allows."""


class ProofFailed(RemoteProtocolError):
    """A server signed tokens with another key than its bundle names, or not at all."""


class BatchIncomplete(RemoteProtocolError):
    """A server signed another number of tokens than it was sent."""


class MessageTooLarge(LocalProtocolError):
    """A message does not fit one packet. `size` and `limit` are bytes of the encoded peer message's data."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__("The message does not fit one packet.")
        self.size = size
        self.limit = limit


class InvalidOnion(ProtocolError):
    """A text is not the address of a v3 onion service (wire-peer §1.3)."""


class InvalidBundle(ProtocolError):
    """A text is not the signed key bundle of a server (wire-server §1.2)."""
