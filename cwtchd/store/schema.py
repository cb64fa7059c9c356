"""Every table in one view, as the newest migration leaves them (migrations/ is what makes them).

`tests/unit/store/test_database.py` holds this picture against a migrated database, column by column.
Times are milliseconds since the epoch, UTC; flags are 0 or 1.
"""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

profile = Table(
    "profile",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("onion", Text, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("autostart", Integer, nullable=False),
)
"""One row: whose database this is. `seed` is the Ed25519 seed of the onion."""

conversations = Table(
    "conversations",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("turned_away", Integer, nullable=False),
)
"""`turned_away`: bytes of the last message that a bound kept out, 0 where none was."""

rejections = Table(
    "rejections",
    metadata,
    Column("address", Text, primary_key=True),
    Column("until", Integer, nullable=False),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation", Integer, nullable=False),
    Column("outgoing", Integer, nullable=False),
    Column("wire_id", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("overlay", Integer),
    Column("text", Text),
    Column("reply_to", Integer),
    Column("sent_at", Integer),
    Column("received_at", Integer),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("client_id", Text),
)
"""`body` is the wrapper's bytes as they were or will be sent; `digest` says, with `wire_id`, whether a message is a copy;
`content_hash` is what a quoted reply names (wire-peer §5.3)."""

outbox = Table(
    "outbox",
    metadata,
    Column("message", Integer, primary_key=True),
    Column("conversation", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
)
"""What the other side has not acknowledged."""

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("conversation", Integer),
    Column("message", Integer),
    Column("server", Integer),
)
"""The log that clients read: ids, never text, so that deleting a message deletes it."""

servers = Table(
    "servers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("onion", Text, nullable=False),
    Column("token_service", Text, nullable=False),
    Column("token_key", LargeBinary, nullable=False),
    Column("key_id", LargeBinary, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("added_at", Integer, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("counted_to", Integer),
    Column("counted_from", Integer),
    Column("last_synced_at", Integer),
    Column("first_batches", Integer, nullable=False),
    Column("purchase", Integer, nullable=False),
    Column("purchase_due_at", Integer, nullable=False),
)
"""`bundle` is what was signed, as `server:…`; `counted_to` and `counted_from` are days, the last and the first whole one of
`server_days`; `purchase` grows when a purchase of tokens begins and when it ends, so that what comes too late fits none."""

server_evidence = Table(
    "server_evidence",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("bundle", Text, nullable=False),
    Column("at", Integer, nullable=False),
)
"""A bundle, signed by the server, that contradicts the one it was added with: one is proof enough."""

server_faults = Table(
    "server_faults",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("fault", Text, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("first_at", Integer, nullable=False),
    Column("last_at", Integer, nullable=False),
)

server_days = Table(
    "server_days",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("row_count", Integer, nullable=False),
)
"""How many rows were new to us on a day (days since the epoch, UTC)."""

server_sessions = Table(
    "server_sessions",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("began", Integer, nullable=False),
    Column("resume", Integer, nullable=False),
    Column("gap_from", Integer),
    Column("caught_up", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("idle_cuts", Integer, nullable=False),
    Column("forget_below", Integer, nullable=False),
    Column("forgotten", Integer, nullable=False),
)
"""The newest sync session with a server. Rows are numbered as they arrive new, by the server's `row_count`: `began` is how many had when
the session began, `resume` the arrival of the anchor that it began at (0 for everything); `gap_from` is the day since which rows may have
been missed. Rows that arrived before `forget_below` can't come again; `forgotten` says that they are gone."""

server_rows = Table(
    "server_rows",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("row_id", LargeBinary, primary_key=True),
    Column("arrival", Integer, nullable=False),
)
"""16 bytes of every row that may come again, and its place among all that arrived."""

server_anchors = Table(
    "server_anchors",
    metadata,
    Column("server", Integer, primary_key=True),
    Column("arrival", Integer, primary_key=True),
    Column("signature", LargeBinary, nullable=False),
    Column("level", Integer, nullable=False),
    Column("replays", Integer, nullable=False),
    Column("seen_in", Integer, nullable=False),
)
"""Rows at which a session may resume once they came in two replays. `level` is how many low bits of the signature's hash are 0; `replays`,
in how many sessions' replays it came; `seen_in`, in which last."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("server", Integer, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("point", LargeBinary, nullable=False),
)
"""Tokens that no message is bound to."""

posts = Table(
    "posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("server", Integer, nullable=False),
    Column("row_id", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("token_secret", LargeBinary),
    Column("token_point", LargeBinary),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("queued_at", Integer, nullable=False),
    Column("due_at", Integer, nullable=False),
    Column("mark_session", Integer, nullable=False),
    Column("mark_arrival", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("seen_session", Integer, nullable=False),
    Column("absent", Integer, nullable=False),
)
"""`mark_session` and `mark_arrival`: the newest session and arrival when the message was last shown to its server."""

daemon_metadata = MetaData()
"""The daemon's own database (daemon_migrations/)."""

api_tokens = Table(
    "api_tokens",
    daemon_metadata,
    Column("id", Integer, primary_key=True),
    Column("label", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("profile_mark", LargeBinary),
    Column("conversations", Text),
    Column("folders", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
)
"""`profile_mark` says to whoever holds a profile's key whether the token is bound to it, and nothing to anybody else;
`conversations` and `folders` are JSON arrays."""
