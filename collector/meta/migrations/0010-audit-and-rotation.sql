-- Who changed what by the admin API. A line outlives its project, and never has a secret or the id of a person.
CREATE TABLE audit_log (
    id         INTEGER PRIMARY KEY,
    at_ms      INTEGER NOT NULL,
    who        TEXT NOT NULL,     -- the admin token, or a key in its masked form
    project_id TEXT,              -- null: none
    method     TEXT NOT NULL,
    path       TEXT NOT NULL,
    summary    TEXT NOT NULL,     -- which members were sent, and the id of what was made
    status     INTEGER NOT NULL   -- of the answer
);
CREATE INDEX audit_by_project ON audit_log (project_id, id);
CREATE INDEX audit_by_time ON audit_log (at_ms);

-- Projects that are deleted, until nothing of them can come any more.
CREATE TABLE deleted_projects (
    project_id TEXT PRIMARY KEY,
    deleted_ms INTEGER NOT NULL,
    erased     INTEGER NOT NULL DEFAULT 0  -- 1: all that was there then is gone
) WITHOUT ROWID;
