"""What a process holds that hosts a server with many messages, over one with few."""

from bench.servers_home import Hosted, posts, signature_of
from bench.table import Row, quotient

REPLAYED = 10_000
POSTS = 50


def held(few: Hosted, many: Hosted) -> list[Row]:
    """Both run, and are asked for the same: as many rows of replays in all, as many posts."""
    for server in (few, many):
        _used(server)
    ours, beside = many.process.memory(), few.process.memory()
    return [
        quotient(
            f"memory with {many.stored:,} messages ({name})",
            [ours[kind] / 1024],
            (f"{few.stored:,}", [beside[kind] / 1024]),
            unit="MiB",
            most=1.5,
            rounds="run",
        )
        for name, kind in (("RSS", "Rss"), ("PSS", "Pss"))
    ]


def _used(server: Hosted) -> None:
    guest = server.guest()
    rows = min(REPLAYED, server.stored)
    for _ in range(REPLAYED // rows):
        guest.replay(signature_of(server.stored - rows + 1))
        guest.events.clear()
    for message, token in posts(server.keys, POSTS):
        assert guest.post(message, token)
    guest.close()
