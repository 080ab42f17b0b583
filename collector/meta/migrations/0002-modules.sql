-- What projects have set of their modules; a module without a row is as modules are by default.
CREATE TABLE project_modules (
    project_id TEXT NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    enabled    INTEGER NOT NULL,  -- 0 or 1
    access     TEXT NOT NULL,     -- read, write or all
    PRIMARY KEY (project_id, name)
) WITHOUT ROWID;
