"""What can go wrong between a client and its daemon: each error's text is one sentence for a person.

Rules: no error quotes what was sent or answered, since that may hold a password or a message.
"""

from collections.abc import Mapping
from pathlib import Path


class ClientError(Exception):
    """Root of what this library raises."""


class DaemonAbsent(ClientError):
    """No daemon answers on the socket. `path` is where it was looked for."""

    def __init__(self, path: Path, command: str = "cwtchd run") -> None:
        super().__init__(f"No daemon answers at {path}: start one with `{command}`.")
        self.path = path


class SocketRefused(ClientError):
    """The socket's path can't be used by this caller, whether a daemon is there or not."""


class ConnectionLost(ClientError):
    """The connection ended before the answer came: what was asked may have been done, or not."""

    def __init__(self) -> None:
        super().__init__(
            "The daemon closed the connection before it answered: it may or may not have done what was asked, so look first."
        )


class NoAnswer(ClientError):
    """No answer within the time allowed: what was asked may have been done, or not."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The daemon did not answer within {seconds:g} s: it may or may not have done what was asked, so look first."
        )


class BadAnswer(ClientError):
    """What came is not the API: too long a line, no JSON, or not the fields of the contract."""

    def __init__(self) -> None:
        super().__init__(
            "What answers on the socket does not speak this API: check the path and the daemon's version."
        )


class CallTooLong(ClientError):
    """A call does not fit the contract's line. `size` and `limit` are bytes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"The call is {size} bytes and a line holds at most {limit}: send less at once.")
        self.size = size
        self.limit = limit


class NotText(ClientError):
    """A text of a call can't be said in UTF-8."""

    def __init__(self) -> None:
        super().__init__("This is not text in UTF-8: write it anew, or set the locale to a UTF-8 one.")


class RpcError(ClientError):
    """The daemon refused (rpc.md, Errors).

    `code` is JSON-RPC's, `name` the stable word of cwtchd's own errors (None for JSON-RPC's), `data` its details, `sentence`
    what to do.
    """

    def __init__(self, code: int, sentence: str, data: Mapping[str, object] | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.data: Mapping[str, object] = data or {}
        name = self.data.get("name")
        self.name = name if isinstance(name, str) else None


class CursorExpired(RpcError):
    """The log no longer holds, or does not hold yet, what is behind the cursor that was given.

    `oldest` is the seq of the oldest event that is kept, `head` that of the newest: `after=oldest - 1` reads all there is.
    """

    def __init__(self, code: int, sentence: str, data: Mapping[str, object], oldest: int, head: int) -> None:
        super().__init__(code, sentence, data)
        self.oldest = oldest
        self.head = head


class TokenUnreadable(ClientError):
    """The file that should hold the API token holds none that can be read."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"The token file {file} can't be used ({why}): put there what `token.create` returned."
        )
        self.file = file


def refusal(code: int, sentence: str, data: Mapping[str, object] | None) -> RpcError:
    """An error of the daemon as the most telling of these types."""
    known = data or {}
    oldest, head = known.get("oldest"), known.get("head")
    if known.get("name") == "cursor_expired" and isinstance(oldest, int) and isinstance(head, int):
        return CursorExpired(code, sentence, known, oldest, head)
    return RpcError(code, sentence, data)
