"""HTTP on loopback: one JSON-RPC value a POST, or a WebSocket; off unless the configuration names an address.

Rules: nobody is anybody here without a token; a request has 30 s to be whole and 1 MiB to be in; one is answered before the next is
read. What a page in a browser could send is turned away before its body is read (http_gate).
"""

from typing import cast

import h11
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd import log
from cwtchd.app.errors import NotSupported, Refusal, Unauthorized
from cwtchd.rpc import jsonrpc, schema
from cwtchd.rpc.access import Caller, Grant
from cwtchd.rpc.dispatch import dispatch
from cwtchd.rpc.exchange import READ_BYTES_OF_HTTP, VALUE_BYTES
from cwtchd.rpc.http_gate import TurnedAway, Way, judge
from cwtchd.rpc.methods.registry import Begun, Session, Wanted
from cwtchd.rpc.notify import LiveEvents
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.transport import CallerTransport
from cwtchd.rpc.websocket import NotAWebSocket, WebSocket

HEAD_BYTES = 16 << 10
REQUEST_SECONDS = 30
"""So long a request may take to arrive, and a connection to lie idle between two."""
LINGER_SECONDS = 2
"""So long what a refused caller still sends is thrown away, so that it can read the refusal."""
CONNECTIONS = 256
WEBSOCKETS_OF_A_TOKEN = 64
PIECES = 4096
"""In so many chunks a body may come."""


class NoSubscriptions:
    """A POST is over when it is answered: events come over a WebSocket, or are listed."""

    def subscribe(self, caller: Caller, wanted: Wanted, begun: Begun) -> "Deferred[schema.Subscribed]":
        """Refuses."""
        raise NotSupported

    def unsubscribe(self, subscription: int) -> None:
        """Refuses."""
        raise NotSupported

    def end_all(self) -> None:
        """There are none."""


@implementer(IPushProducer, IHalfCloseableProtocol)
class HttpProtocol(Protocol):
    """One connection: requests one after the other, until one of them becomes a WebSocket."""

    def __init__(
        self,
        clock: IReactorTime,
        daemon: DaemonPort,
        live: LiveEvents,
        house: "HttpFactory",
    ) -> None:
        self._clock = clock
        self._daemon = daemon
        self._live = live
        self._house = house
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._request: h11.Request | None = None
        self._grant: Grant | None = None
        self._body = bytearray()
        self._pieces = 0
        self._working = False
        self._waiting = False
        self._choked = False
        self._deaf = False
        self._ended = False
        self._last = False
        """it is answered, and the connection then ends: the daemon is stopping"""
        self._patience: IDelayedCall | None = None
        self._websocket: WebSocket | None = None

    @property
    def _transport(self) -> CallerTransport:
        return cast("CallerTransport", self.transport)

    def connectionMade(self) -> None:
        if not self._house.admit(self):
            self._transport.abortConnection()
            return
        self._transport.bufferSize = READ_BYTES_OF_HTTP
        self._transport.registerProducer(self, True)
        self._be_patient(REQUEST_SECONDS)

    def dataReceived(self, data: bytes) -> None:
        if self._websocket is not None:
            self._websocket.receive(data)
        elif not self._ended:
            self._http.receive_data(data)
            self._work()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._ended = True
        self._rest()
        if self._websocket is not None:
            self._websocket.exchange.close()
        self._house.left(self)

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        if self._websocket is not None:
            self._websocket.exchange.take_last()
        elif not self._ended:
            self._http.receive_data(b"")  # h11's word for: no more comes
            self._work()

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """What is left to come is heard until the linger ends."""

    @property
    def nobody(self) -> bool:
        """No token was shown for what is under way."""
        return self._grant is None and self._websocket is None

    def cut(self) -> None:
        """Ends the connection now."""
        self._ended = True
        self._transport.abortConnection()

    def holds_to(self, token: int) -> bool:
        """Whether a WebSocket is open here under this token."""
        return self._websocket is not None and self._websocket.exchange.caller.holds_to(token)

    def finish(self) -> None:
        """Ends the connection once what is under way is answered."""
        if self._websocket is not None:
            self._websocket.exchange.finish()
        elif self._waiting:
            self._last = True
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        self._ended = True
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    # --- requests ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Takes what has come in, as far as one request may go on."""
        if self._working:
            return
        self._working = True
        try:
            while not (self._waiting or self._choked or self._ended or self._websocket):
                event = self._http.next_event()
                if event is h11.NEED_DATA:
                    if self._http.they_are_waiting_for_100_continue:
                        self._send(h11.InformationalResponse(status_code=100, headers=[]))
                    break
                self._take(event)
        except h11.RemoteProtocolError as error:
            self._turn_away(TurnedAway(error.error_status_hint, "This is not a request of HTTP/1.1."))
        self._working = False
        self._steer()

    def _take(self, event: object) -> None:
        match event:
            case h11.Request():
                self._begin(event)
            case h11.Data(data=data):
                self._body += data
                self._pieces += 1
                if len(self._body) > VALUE_BYTES or self._pieces > PIECES:
                    self._turn_away(TurnedAway(413, "A call holds at most 1 MiB: send less at once."))
            case h11.EndOfMessage():
                self._rest()
                self._waiting = True
                session = Session(self._daemon, Caller(self._grant), NoSubscriptions(), [])
                dispatch(session, jsonrpc.decode_line(bytes(self._body)), self._answer)
            case _:  # PAUSED, ConnectionClosed: the caller wants no answer any more
                self._hang_up()

    def _begin(self, request: h11.Request) -> None:
        self._request = request
        self._be_patient(REQUEST_SECONDS)
        judged = judge(request, self._transport.getHost().port)  # type: ignore[attr-defined] # an address of TCP
        if isinstance(judged, TurnedAway):
            self._turn_away(judged)
            return
        self._waiting = True

        def granted(grant: Grant) -> None:
            self._waiting = False
            if self._ended:
                return
            self._grant = grant
            if judged.way is Way.WEBSOCKET:
                self._become_websocket(request, grant)
            else:
                self._work()

        def refused(failure: Failure) -> None:
            self._waiting = False
            if isinstance(failure.value, Unauthorized):
                challenge = ((b"www-authenticate", b"Bearer"),)
                self._turn_away(TurnedAway(401, "This token is not known here.", challenge))
            else:
                if not isinstance(failure.value, Refusal):
                    log.unforeseen("a token could not be looked up", failure.value)
                self._turn_away(TurnedAway(503, "The daemon's tokens can't be read: see its log."))

        self._daemon.api_tokens.grant(judged.token).addCallbacks(granted, refused)

    def _become_websocket(self, request: h11.Request, grant: Grant) -> None:
        if self._house.websockets_of(grant) >= WEBSOCKETS_OF_A_TOKEN:
            self._turn_away(TurnedAway(429, "This token has too many connections: close some of them."))
            return
        try:
            opened = WebSocket(self._daemon, self._live, grant, self._transport, request)
        except NotAWebSocket:
            self._turn_away(TurnedAway(400, "This does not begin a WebSocket."))
            return
        self._rest()
        self._websocket, self._grant = opened, grant
        trailing, _ = self._http.trailing_data
        self._steer()
        opened.open(trailing)

    def _answer(self, answer: bytes | None) -> None:
        if self._ended:
            return
        self._respond(204 if answer is None else 200, answer or b"", ())
        self._body.clear()
        self._pieces = 0
        self._request = self._grant = None
        self._waiting = False
        if self._last or self._http.our_state is h11.MUST_CLOSE:
            self._linger()
            return
        self._http.start_next_cycle()
        self._be_patient(REQUEST_SECONDS)
        self._work()

    def _turn_away(self, judged: TurnedAway) -> None:
        """Answers with a status and a sentence; nothing more is heard on this connection."""
        if self._ended:
            return
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            if judged.status in (401, 403):
                fault = jsonrpc.Fault(Unauthorized.code, judged.sentence, {"name": Unauthorized.name})
            else:
                fault = jsonrpc.Fault(jsonrpc.INVALID_REQUEST.code, judged.sentence)
            body = jsonrpc.encode_fault(None, fault)
            self._respond(judged.status, body, (*judged.headers, (b"connection", b"close")))
        self._linger()

    def _respond(self, status: int, body: bytes, more: tuple[tuple[bytes, bytes], ...]) -> None:
        headers = [(b"cache-control", b"no-store"), *more]
        if status != 204:  # noqa: PLR2004 - No Content: the one that has no length either
            headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        self._send(h11.Response(status_code=status, headers=headers))
        if body and (self._request is None or self._request.method != b"HEAD"):
            self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())

    def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._transport.write(data)

    # --- how long, how fast --------------------------------------------------------------------------------------

    def _linger(self) -> None:
        self._ended = True
        self._transport.unregisterProducer()
        self._transport.loseWriteConnection()
        self._steer()
        self._be_patient(LINGER_SECONDS)

    def _be_patient(self, seconds: float) -> None:
        self._rest()
        self._patience = self._clock.callLater(seconds, self._transport.abortConnection)

    def _rest(self) -> None:
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._patience = None

    def _steer(self) -> None:
        if self._websocket is not None:
            return  # it steers by itself
        deaf = (self._waiting or self._choked) and not self._ended
        if deaf != self._deaf:
            self._deaf = deaf
            steer = self._transport.pauseProducing if deaf else self._transport.resumeProducing
            steer()

    def pauseProducing(self) -> None:
        if self._websocket is not None:
            self._websocket.exchange.choke(choked=True)
        else:
            self._choked = True
            self._steer()

    def resumeProducing(self) -> None:
        if self._websocket is not None:
            self._websocket.exchange.choke(choked=False)
        else:
            self._choked = False
            self._work()

    def stopProducing(self) -> None:
        self.pauseProducing()


class HttpFactory(ServerFactory):
    """Makes a connection's protocol for each caller."""

    noisy = False

    def __init__(self, clock: IReactorTime, daemon: DaemonPort, live: LiveEvents) -> None:
        self._clock = clock
        self._daemon = daemon
        self._live = live
        self._callers: dict[HttpProtocol, None] = {}

    def buildProtocol(self, addr: IAddress | None) -> HttpProtocol:
        return HttpProtocol(self._clock, self._daemon, self._live, self)

    def admit(self, caller: HttpProtocol) -> bool:
        """Lets a caller in; where it is full, the one gives way that has shown no token for longest."""
        if len(self._callers) >= CONNECTIONS:
            idle = next((each for each in self._callers if each.nobody), None)
            if idle is None:
                return False
            del self._callers[idle]
            idle.cut()
        self._callers[caller] = None
        return True

    def left(self, caller: HttpProtocol) -> None:
        """A caller is gone."""
        self._callers.pop(caller, None)

    def websockets_of(self, grant: Grant) -> int:
        """How many are open under its token."""
        token = grant.token
        return 0 if token is None else sum(each.holds_to(token.id) for each in self._callers)

    def revoked(self, token: int) -> None:
        """Ends the connections that hold to a token."""
        for caller in list(self._callers):
            if caller.holds_to(token):
                caller.cut()

    def close(self) -> None:
        """Ends every connection, once what is under way is answered and what was written has left."""
        for caller in list(self._callers):
            caller.finish()

    def drop(self) -> None:
        """Ends those that are left."""
        for caller in list(self._callers):
            caller.cut()

    @property
    def empty(self) -> bool:
        """Nobody is there any more."""
        return not self._callers
