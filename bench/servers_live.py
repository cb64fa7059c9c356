"""One post, told to everybody who is synced: from its sending until the first and until the last of them has it."""

import selectors
import time

from bench.servers_home import Hosted, posts
from bench.table import Row, quotient
from cwtchd.protocol.wire.constants import PACKET_SIZE
from tests.support.raw_guest import Board

GUESTS = 200
POSTS = 100


def told(server: Hosted) -> Row:
    """Each guest is a stream of its own; none of them opens what it reads."""
    author = server.guest()
    guests = [server.synced() for _ in range(GUESTS)]
    sealed = [author.connection.post(*paid) for paid in posts(server.keys, POSTS)]
    first, last = [], []
    with selectors.DefaultSelector() as waiting:
        for guest in guests:
            waiting.register(guest.stream, selectors.EVENT_READ, guest)
        for data in sealed:
            took = _told(author, data, waiting)
            first.append(took[0])
            last.append(took[-1])
            _take_all(author)
    for guest in (author, *guests):
        guest.close()
    name = f"a post to {GUESTS} synced guests: to the last"
    return quotient(name, last, ("to the first", first), most=3, rounds="posts")


def _told(author: Board, data: bytes, waiting: selectors.BaseSelector) -> list[float]:
    """Milliseconds until each had all of it, in the order in which they had."""
    owed = dict.fromkeys(waiting.get_map(), PACKET_SIZE)
    took: list[float] = []
    began = time.perf_counter()
    author.write(data)
    while len(took) < GUESTS:
        for key, _ in waiting.select():
            owed[key.fd] -= _take(key.data, owed[key.fd])
            if owed[key.fd] == 0:
                took.append((time.perf_counter() - began) * 1000)
    return took


def _take(guest: Board, most: int) -> int:
    data = guest.stream.recv(most)
    if not data:
        raise ConnectionError
    return len(data)


def _take_all(author: Board) -> None:
    """The answer to its post."""
    owed = PACKET_SIZE
    while owed:
        owed -= _take(author, owed)
