-- seq is the order of creation, as in projects.
CREATE TABLE surveys (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    name           TEXT NOT NULL,
    status         TEXT NOT NULL,     -- draft, active, paused or archived
    questions      TEXT NOT NULL,     -- a JSON array, as it was sent
    trigger_config TEXT NOT NULL,     -- a JSON object, likewise
    appearance     TEXT NOT NULL,     -- likewise
    response_limit INTEGER,           -- null: there is none
    responses      INTEGER NOT NULL,  -- rows of survey_responses that have answers: changed in their transactions
    created_ms     INTEGER NOT NULL
);
CREATE INDEX surveys_by_project ON surveys (project_id, seq);

-- A response has the id of its event, so that a repeat counts once. One that was erased with its person keeps that id
-- and nothing else: its answers are null.
CREATE TABLE survey_responses (
    project_id   TEXT NOT NULL REFERENCES projects (id),
    event_id     TEXT NOT NULL,
    survey_id    TEXT NOT NULL REFERENCES surveys (id) ON DELETE CASCADE,
    answers      TEXT,              -- a JSON array, as it was sent
    completed    INTEGER NOT NULL,  -- 0 or 1
    path         TEXT NOT NULL,
    visitor_id   TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    submitted_ms INTEGER NOT NULL,
    UNIQUE (project_id, event_id)
);
CREATE INDEX survey_responses_by_time ON survey_responses (survey_id, submitted_ms, event_id);
CREATE INDEX survey_responses_by_visitor ON survey_responses (project_id, visitor_id);
CREATE INDEX survey_responses_by_user ON survey_responses (project_id, user_id) WHERE user_id <> '';
