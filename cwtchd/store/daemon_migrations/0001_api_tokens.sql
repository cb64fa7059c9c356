-- The daemon's own database: plain, so no profile's onion and no name stands in it.
CREATE TABLE api_tokens (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    label         TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    secret_hash   BLOB    NOT NULL,
    profile_mark  BLOB,
    conversations TEXT,
    folders       TEXT    NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;
