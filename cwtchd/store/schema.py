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
)
"""The log that clients read: ids, never text, so that deleting a message deletes it."""

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
