-- What one hosted server keeps: opaque messages, tokens that were spent. Nothing about a client, no time finer than the hour.
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    signature  BLOB    NOT NULL CHECK (length(signature) = 64),
    nonce      BLOB    NOT NULL CHECK (length(nonce) = 24),
    box_digest BLOB    NOT NULL CHECK (length(box_digest) = 16),
    hour       INTEGER NOT NULL,
    bytes_ever INTEGER NOT NULL,
    box        BLOB    NOT NULL CHECK (length(box) >= 16),
    UNIQUE (signature, nonce, box_digest)
) STRICT;

CREATE TABLE spent_tokens (
    secret BLOB NOT NULL PRIMARY KEY CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;
