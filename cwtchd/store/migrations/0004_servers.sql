-- The servers that a profile uses: their keys, what was received from them, tokens to post with, what waits to be posted.
CREATE TABLE servers (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    onion           TEXT    NOT NULL UNIQUE,
    token_service   TEXT    NOT NULL,
    token_key       BLOB    NOT NULL,
    key_id          BLOB    NOT NULL,
    bundle          TEXT    NOT NULL,
    wanted          INTEGER NOT NULL DEFAULT 1,
    added_at        INTEGER NOT NULL,
    row_count       INTEGER NOT NULL DEFAULT 0,
    counted_to      INTEGER,
    counted_from    INTEGER,
    last_synced_at  INTEGER,
    first_batches   INTEGER NOT NULL,
    purchase        INTEGER NOT NULL DEFAULT 0,
    purchase_due_at INTEGER NOT NULL
) STRICT;

CREATE TABLE server_evidence (
    server INTEGER PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    bundle TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE TABLE server_faults (
    server   INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    fault    TEXT    NOT NULL,
    times    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (server, fault)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_days (
    server    INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    day       INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    PRIMARY KEY (server, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_sessions (
    server       INTEGER PRIMARY KEY REFERENCES servers (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    began        INTEGER NOT NULL,
    resume       INTEGER NOT NULL,
    gap_from     INTEGER,
    caught_up    INTEGER NOT NULL,
    ended        INTEGER NOT NULL,
    repeats      INTEGER NOT NULL,
    idle_cuts    INTEGER NOT NULL,
    forget_below INTEGER NOT NULL,
    forgotten    INTEGER NOT NULL
) STRICT;

CREATE TABLE server_rows (
    server  INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    row_id  BLOB    NOT NULL,
    arrival INTEGER NOT NULL,
    PRIMARY KEY (server, row_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_anchors (
    server    INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    arrival   INTEGER NOT NULL,
    signature BLOB    NOT NULL,
    level     INTEGER NOT NULL,
    replays   INTEGER NOT NULL,
    seen_in   INTEGER NOT NULL,
    PRIMARY KEY (server, arrival)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    server INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    secret BLOB    NOT NULL UNIQUE,
    point  BLOB    NOT NULL
) STRICT;

CREATE INDEX tokens_of_server ON tokens (server, id);

CREATE TABLE posts (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    server       INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    row_id       BLOB    NOT NULL,
    ciphertext   BLOB    NOT NULL,
    signature    BLOB    NOT NULL,
    token_secret BLOB    UNIQUE,
    token_point  BLOB,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    refusals     INTEGER NOT NULL DEFAULT 0,
    queued_at    INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    mark_session INTEGER NOT NULL DEFAULT 0,
    mark_arrival INTEGER NOT NULL DEFAULT 0,
    seen         INTEGER NOT NULL DEFAULT 0,
    seen_session INTEGER NOT NULL DEFAULT 0,
    absent       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (server, row_id)
) STRICT;

CREATE INDEX posts_due ON posts (due_at) WHERE state = 'queued';
CREATE INDEX posts_of_state ON posts (server, state, id);

-- What the log tells of a server.
ALTER TABLE events ADD COLUMN server INTEGER;
