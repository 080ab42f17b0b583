-- seq is the order of creation: lists are oldest first, also within one millisecond.
CREATE TABLE projects (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    domain     TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);

-- Of a key only its SHA-256 is kept. scopes and allowed_modules are names joined by commas.
CREATE TABLE api_keys (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    project_id      TEXT NOT NULL REFERENCES projects (id),
    name            TEXT NOT NULL,
    digest          BLOB NOT NULL UNIQUE,
    key_prefix      TEXT NOT NULL,
    scopes          TEXT NOT NULL,
    allowed_modules TEXT NOT NULL,
    expires_ms      INTEGER,
    last_used_ms    INTEGER,
    created_ms      INTEGER NOT NULL
);

CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) WITHOUT ROWID;
