-- Alerts of projects, and whom they tell. seq is the order of creation, as in projects.
CREATE TABLE alerts (
    seq               INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    project_id        TEXT NOT NULL REFERENCES projects (id),
    name              TEXT NOT NULL,
    module            TEXT NOT NULL,
    metric            TEXT NOT NULL,
    operator          TEXT NOT NULL,     -- gt, lt, gte, lte or eq
    threshold         REAL NOT NULL,
    window_minutes    INTEGER NOT NULL,
    cooldown_minutes  INTEGER NOT NULL,
    enabled           INTEGER NOT NULL,  -- 0 or 1
    last_triggered_ms INTEGER,           -- null: never
    created_ms        INTEGER NOT NULL
);
CREATE INDEX alerts_by_project ON alerts (project_id, seq);

CREATE TABLE alert_channels (
    alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,  -- from 0
    type     TEXT NOT NULL,     -- webhook or email
    target   TEXT NOT NULL,     -- the URL or the address
    PRIMARY KEY (alert_id, position)
) WITHOUT ROWID;

-- How many visitors were active in each of the last 60 minutes, where somebody wants to hear of spikes.
CREATE TABLE traffic_minutes (
    project_id TEXT NOT NULL REFERENCES projects (id),
    minute     INTEGER NOT NULL,  -- since 1970
    visitors   INTEGER NOT NULL,
    PRIMARY KEY (project_id, minute)
) WITHOUT ROWID;

-- What webhooks have been told and are not to be told again. Without a row: nothing.
CREATE TABLE traffic_told (
    project_id TEXT NOT NULL REFERENCES projects (id),
    event      TEXT NOT NULL,     -- traffic_spike, zero_traffic or daily_summary
    what       INTEGER NOT NULL,  -- of a daily_summary its day, in days since 1970; else 1
    PRIMARY KEY (project_id, event)
) WITHOUT ROWID;
