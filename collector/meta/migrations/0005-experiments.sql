-- What projects try out. seq is the order of creation, as in projects.
CREATE TABLE experiments (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL,  -- empty: none
    status      TEXT NOT NULL,  -- draft, running, paused or completed
    goal_id     TEXT NOT NULL,  -- empty: none; there need not be such a goal
    created_ms  INTEGER NOT NULL
);
CREATE INDEX experiments_by_project ON experiments (project_id, seq);

CREATE TABLE experiment_variants (
    experiment INTEGER NOT NULL REFERENCES experiments (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,  -- from 0, which is the control
    name       TEXT NOT NULL,
    weight     REAL NOT NULL,     -- percent of the visitors
    PRIMARY KEY (experiment, position)
) WITHOUT ROWID;

-- Which visitor is in which variant, since when. There are many of them: an experiment is its seq.
CREATE TABLE experiment_assignments (
    experiment  INTEGER NOT NULL REFERENCES experiments (seq) ON DELETE CASCADE,
    visitor_id  TEXT NOT NULL,
    position    INTEGER NOT NULL,
    assigned_ms INTEGER NOT NULL,
    PRIMARY KEY (experiment, visitor_id)
) WITHOUT ROWID;
CREATE INDEX experiment_assignments_by_visitor ON experiment_assignments (visitor_id);
