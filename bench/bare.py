"""The floors that are servers: bare Twisted lines on a UNIX socket, on the reactor that cwtchd uses, with txtorcon imported.

python -m bench.bare PATH           sends each line back
python -m bench.bare PATH RESULT    gives it to jsonrpcserver's synchronous dispatcher, whose daemon.status returns that JSON value
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any, cast

from twisted.internet import asyncioreactor

asyncioreactor.install()  # type: ignore[no-untyped-call]

import txtorcon  # noqa: E402, F401 - part of what a bare process costs
from twisted.internet import reactor  # noqa: E402 - behind the choice of the reactor
from twisted.internet.interfaces import IAddress  # noqa: E402 - likewise
from twisted.internet.protocol import Factory  # noqa: E402 - likewise
from twisted.protocols.basic import LineOnlyReceiver  # noqa: E402 - likewise

Answer = Callable[[bytes], bytes]


class Lines(LineOnlyReceiver):
    """One caller."""

    delimiter = b"\n"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(self._answer(line))  # type: ignore[no-untyped-call]


class LinesFactory(Factory):
    """Makes them."""

    noisy = False

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def buildProtocol(self, addr: IAddress | None) -> Lines:
        return Lines(self._answer)


def dispatching(value: object) -> Answer:
    """By jsonrpcserver, which only `make bench` installs."""
    library = importlib.import_module("jsonrpcserver")
    library.method(lambda: library.Success(value), name="daemon.status")
    return lambda line: bytes(library.dispatch(line.decode()), "utf-8")


def serve(path: str, answer: Answer) -> None:
    """Serves until it is ended."""
    running = cast("Any", reactor)
    running.listenUNIX(path, LinesFactory(answer))
    running.run()


def main(path: str, result: str | None = None) -> None:
    """An echo, or jsonrpcserver."""
    serve(path, bytes if result is None else dispatching(json.loads(result)))


if __name__ == "__main__":
    main(*sys.argv[1:])
