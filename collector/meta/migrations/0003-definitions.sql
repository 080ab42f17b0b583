-- What projects have defined. seq is the order of creation, as in projects.
CREATE TABLE funnels (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE INDEX funnels_by_project ON funnels (project_id, seq);

CREATE TABLE funnel_steps (
    funnel_id TEXT NOT NULL REFERENCES funnels (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL,  -- from 0
    type      TEXT NOT NULL,     -- pageview or event
    value     TEXT NOT NULL,
    label     TEXT NOT NULL,
    PRIMARY KEY (funnel_id, position)
) WITHOUT ROWID;

CREATE TABLE goals (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,  -- pageview, event, duration or pages_per_session
    target     TEXT NOT NULL,  -- the path or the name of the first two
    threshold  REAL NOT NULL,  -- the seconds or the pages of the others
    created_ms INTEGER NOT NULL
);
CREATE INDEX goals_by_project ON goals (project_id, seq);
