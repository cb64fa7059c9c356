"""Who may come in by HTTP, decided from a request's head alone: no socket, no token's meaning, no body. Pure.

Rules: only a Host that names this machine's loopback and our port, so that no name that a web page made point here is heard; an
Origin, which browsers send and programs don't, must be our own; a token comes in the Authorization header and nowhere else, least of
all in a URL; no answer ever carries a header that would let a page read it.
"""

from dataclasses import dataclass, field
from enum import Enum

import h11

PATHS = (b"/rpc", b"/")
METRICS_PATHS = (b"/metrics",)
JSON = b"application/json"
LOOPBACK = (b"127.0.0.1", b"localhost", b"[::1]")


class Way(Enum):
    """How a request wants to talk."""

    POST = "post"
    """one JSON value each way"""
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may show its token."""

    way: Way
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A request that is answered with a status and a sentence, and not heard further."""

    status: int
    sentence: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def judge(request: h11.Request, port: int) -> Admitted | TurnedAway:
    """Whether a request to our `port` may go on."""
    headers = _headers(request)
    way = _place(headers, bytes(request.target), port, PATHS) or _way(headers, bytes(request.method))
    if isinstance(way, TurnedAway):
        return way
    token = _bearer(headers.get(b"authorization", b""))
    if token is None:
        challenge = ((b"www-authenticate", b"Bearer"),)
        return TurnedAway(401, "A token is needed: send Authorization: Bearer TOKEN.", challenge)
    return Admitted(way, token)


def judge_scrape(request: h11.Request, port: int) -> TurnedAway | None:
    """Why a request to the metrics' `port` gets none; None where it is to be answered."""
    headers = _headers(request)
    away = _place(headers, bytes(request.target), port, METRICS_PATHS)
    if away is None and bytes(request.method) != b"GET":
        return TurnedAway(405, "Metrics are had with GET.", ((b"allow", b"GET"),))
    return away


def _place(
    headers: dict[bytes, bytes], target: bytes, port: int, paths: tuple[bytes, ...]
) -> TurnedAway | None:
    """Whether the request means this daemon, and comes from no page."""
    hosts = {host + b":%d" % port for host in LOOPBACK}
    if headers.get(b"host", b"").lower() not in hosts:
        return TurnedAway(403, "This host is not the daemon's: call 127.0.0.1 with its port.")
    if b"origin" in headers and headers[b"origin"].lower() not in {b"http://" + host for host in hosts}:
        return TurnedAway(403, "A web page may not call this daemon: call it from a program.")
    if target not in paths:
        there = paths[0].decode()
        return TurnedAway(404, f"There is nothing at this address: call {there}, without anything behind it.")
    return None


def _way(headers: dict[bytes, bytes], method: bytes) -> Way | TurnedAway:
    if method == b"GET" and headers.get(b"upgrade", b"").lower() == b"websocket":
        return Way.WEBSOCKET
    if method != b"POST":
        allowed = ((b"allow", b"GET, POST"),)
        return TurnedAway(405, "Calls are made with POST, or over a WebSocket that GET begins.", allowed)
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != JSON:
        return TurnedAway(415, "The body is JSON: say Content-Type: application/json.")
    return Way.POST


def _headers(request: h11.Request) -> dict[bytes, bytes]:
    """By name; one that stands twice counts as wrong, since two readers might believe different ones."""
    found: dict[bytes, bytes] = {}
    for name, value in request.headers:
        found[bytes(name)] = b"" if name in found else bytes(value)
    return found


def _bearer(value: bytes) -> str | None:
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        return None
    return token.strip().decode("ascii", "replace")
