"""Bearer: the API token that a client shows on each new connection, from its caller or from a file.

Rules: the token is in no repr, log or exception; a file is read anew for each connection, so that a token can be exchanged.
"""

from pathlib import Path

from cwtch_client.errors import TokenUnreadable

_MOST_BYTES = 4096


class Bearer:
    """Shows no token where neither is given."""

    def __init__(self, token: str | None, file: str | Path | None) -> None:
        if token is not None and file is not None:
            raise ValueError("A token comes from `token` or from `token_file`, not from both.")
        self._token = token
        self._file = None if file is None else Path(file)

    def __repr__(self) -> str:
        return "Bearer(…)"

    def params(self) -> dict[str, object] | None:
        """What rpc.authenticate is called with; None where there is no token. Raises TokenUnreadable."""
        token = self._token if self._file is None else _read(self._file)
        return None if token is None else {"token": token}


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            read = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise TokenUnreadable(file, error.strerror or "the system refused") from None
    if len(read) > _MOST_BYTES:
        raise TokenUnreadable(file, "it is too long for one")
    try:
        token = read.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenUnreadable(file, "it holds something else") from None
    if not token:
        raise TokenUnreadable(file, "it is empty")
    return token
