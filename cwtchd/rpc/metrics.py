"""Sums for Prometheus over HTTP on loopback: `GET /metrics`, off unless the configuration names an address.

Rules: no token, since nothing here tells one client of a server from another; what a page in a browser could send is turned away
(http_gate). One request a connection, small and soon.
"""

from collections.abc import Callable
from typing import cast

import h11
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.app.errors import Refusal
from cwtchd.rpc.http_gate import judge_scrape

REQUEST_SECONDS = 10
HEAD_BYTES = 8 << 10
CONNECTIONS = 16
TEXT = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")

Page = Callable[[], "Deferred[bytes]"]
"""The sums in Prometheus' text format; fails with a Refusal."""


class ScrapeProtocol(Protocol):
    """One request."""

    transport: ITCPTransport

    def __init__(self, clock: IReactorTime, page: Page, house: "MetricsFactory") -> None:
        self._clock = clock
        self._page = page
        self._house = house
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._asked = False
        self._patience: IDelayedCall | None = None

    def connectionMade(self) -> None:
        if len(self._house.open) >= CONNECTIONS:
            self.transport.abortConnection()
            return
        self._house.open.add(self)
        self._patience = self._clock.callLater(REQUEST_SECONDS, self.transport.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._house.open.discard(self)
        if self._patience is not None and self._patience.active():
            self._patience.cancel()

    def dataReceived(self, data: bytes) -> None:
        if self._asked:
            return
        self._http.receive_data(data)
        try:
            event = self._http.next_event()
        except h11.RemoteProtocolError:
            self._answer(400, b"This is no HTTP request.\n")
            return
        if isinstance(event, h11.Request):
            self._asked = True
            self._heard(event)

    def _heard(self, request: h11.Request) -> None:
        port = cast("IPv4Address", self.transport.getHost()).port
        away = judge_scrape(request, port)
        if away is not None:
            self._answer(away.status, f"{away.sentence}\n".encode())
            return

        def refused(failure: Failure) -> None:
            if not isinstance(failure.value, Refusal):
                log.unforeseen("the metrics could not be made", failure.value)
            self._answer(503, b"The sums can't be read now.\n")

        self._page().addCallbacks(lambda page: self._answer(200, page), refused)

    def _answer(self, status: int, body: bytes) -> None:
        head = h11.Response(
            status_code=status,
            headers=[TEXT, (b"content-length", b"%d" % len(body)), (b"connection", b"close")],
        )
        said = (head, h11.Data(data=body), h11.EndOfMessage())
        if self._http.our_state is h11.SEND_RESPONSE or self._http.our_state is h11.IDLE:
            self.transport.write(b"".join(filter(None, map(self._http.send, said))))
        self.transport.loseConnection()


class MetricsFactory(ServerFactory):
    """Those who scrape."""

    noisy = False

    def __init__(self, clock: IReactorTime, page: Page) -> None:
        self._clock = clock
        self._page = page
        self.open: set[ScrapeProtocol] = set()

    def buildProtocol(self, addr: IAddress | None) -> ScrapeProtocol:
        return ScrapeProtocol(self._clock, self._page, self)
