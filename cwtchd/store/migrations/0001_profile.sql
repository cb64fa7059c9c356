-- A profile's database: who it is, whom it knows, what was said, what waits to be sent, what clients are told.
CREATE TABLE profile (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    onion      TEXT    NOT NULL,
    seed       BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT    NOT NULL,
    address     TEXT    NOT NULL UNIQUE,
    name        TEXT    NOT NULL DEFAULT '',
    accepted    INTEGER NOT NULL DEFAULT 0,
    blocked     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    turned_away INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX conversations_pending ON conversations (id) WHERE accepted = 0 AND blocked = 0;

CREATE TABLE rejections (
    address TEXT    NOT NULL PRIMARY KEY,
    until   INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    outgoing     INTEGER NOT NULL,
    wire_id      TEXT    NOT NULL,
    context      TEXT    NOT NULL,
    body         BLOB    NOT NULL,
    digest       BLOB    NOT NULL,
    content_hash TEXT    NOT NULL,
    overlay      INTEGER,
    text         TEXT,
    reply_to     INTEGER,
    sent_at      INTEGER,
    received_at  INTEGER,
    state        TEXT    NOT NULL,
    error        TEXT
) STRICT;

CREATE INDEX messages_of_conversation ON messages (conversation, id);
CREATE UNIQUE INDEX messages_incoming_once ON messages (conversation, wire_id, digest) WHERE outgoing = 0;
CREATE INDEX messages_outgoing_wire_id ON messages (conversation, wire_id) WHERE outgoing = 1;
CREATE INDEX messages_content_hash ON messages (conversation, content_hash);
CREATE INDEX messages_unread ON messages (conversation, id) WHERE outgoing = 0 AND state = 'received';

CREATE TABLE outbox (
    message      INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    conversation INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX outbox_of_conversation ON outbox (conversation, message);

CREATE TABLE events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    type         TEXT    NOT NULL,
    conversation INTEGER,
    message      INTEGER
) STRICT;
