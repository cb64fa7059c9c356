"""A daemon that listens on HTTP, and what holds of every response of its own, whatever the request was."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.hostile_lines import check_answer
from tests.support.node import Node, nodes
from tests.support.raw_http import RawHttp, Response, head, unused_port

CALL = b'{"jsonrpc":"2.0","id":1,"method":"tor.status"}'


class HttpDaemon:
    """A daemon that listens on HTTP, and a token for it."""

    def __init__(self, node: Node, port: int) -> None:
        self.node = node
        self.port = port
        self.token = str(node.call("token.create", scope="admin")["token"])

    def connect(self) -> RawHttp:
        return RawHttp(self.port)

    def headers(self, **other: str | None) -> dict[str, str]:
        """What a friend sends, but for these (None: not sent)."""
        wanted = {
            "Host": f"127.0.0.1:{self.port}",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in other.items()},
        }
        return {name: value for name, value in wanted.items() if value is not None}

    def post(self, body: bytes = CALL, target: str = "/rpc", **other: str | None) -> bytes:
        """A request as bytes."""
        return head("POST", target, self.headers(Content_Length=str(len(body)), **other)) + body

    def ask(self, data: bytes) -> Response:
        """The response to bytes on a connection of their own."""
        with self.connect() as connection:
            connection.send(data)
            response = connection.read()
        assert response is not None
        return checked(response)

    def works(self) -> None:
        """A friend is answered."""
        response = self.ask(self.post())
        assert (response.status, "result" in json.loads(response.body)) == (200, True)


def checked(response: Response) -> Response:
    """What holds of every response: nothing lets a page read it, nothing is kept, what it says is JSON-RPC."""
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert response.headers["cache-control"] == "no-store"
    if response.body:
        assert response.headers["content-type"] == "application/json"
        check_answer(response.body)
    return response


@contextmanager
def http_daemon(folder: Path) -> Iterator[HttpDaemon]:
    """One with a profile."""
    port = unused_port()
    with nodes(folder, "alice", more={"http": ["127.0.0.1", port]}) as (alice,):
        yield HttpDaemon(alice, port)
