-- Dashboards that whoever has the token may read. seq is the order of creation, as in projects.
CREATE TABLE shares (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    token      TEXT NOT NULL UNIQUE,  -- as it is: lists show it again
    modules    TEXT NOT NULL,         -- names joined by commas
    password   TEXT NOT NULL,         -- as crypto/password.hpp keeps it; empty: none is asked for
    expires_ms INTEGER,
    created_ms INTEGER NOT NULL
);
CREATE INDEX shares_by_project ON shares (project_id, seq);
