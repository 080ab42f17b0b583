-- Rows are the truth: every field of an event that was acknowledged is in here, read by a report or not.

-- Texts that repeat are stored once and referred to by number. The key begins with the project, so that a project can
-- be read and erased alone, and then with what the text is: random visitor ids do not land between words, which keeps
-- the words' pages of the index few and hot.
CREATE TABLE event_texts (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,  -- 0 for the projects' own ids
    space INTEGER NOT NULL,    -- Space in dictionary.hpp
    text TEXT NOT NULL,
    UNIQUE (project, space, text)
);

-- Ids count up in the order of arrival. What reports read comes first: SQLite stops reading a row at the last column it
-- needs. Columns marked T hold event_texts ids; null is absent. Texts that are mostly unique or long (url, referrer,
-- error_message, error_stack, query, props) stay in the row: a dictionary entry and its index would cost them more.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,  -- T
    ts_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,         -- model::Kind
    interaction INTEGER NOT NULL,  -- 0 or 1
    visitor INTEGER NOT NULL,      -- T
    session INTEGER NOT NULL,      -- T
    name INTEGER NOT NULL,         -- T
    path INTEGER,                  -- T
    event_id TEXT NOT NULL,
    event_id_is_ours INTEGER NOT NULL,  -- 0 or 1
    received_ms INTEGER NOT NULL,
    dialect INTEGER NOT NULL,      -- model::DialectId
    source_type INTEGER NOT NULL,  -- T
    user INTEGER,                  -- T
    app INTEGER,                   -- T
    app_version INTEGER,           -- T
    title INTEGER,                 -- T
    utm_source INTEGER,            -- T
    utm_medium INTEGER,            -- T
    utm_campaign INTEGER,          -- T
    utm_content INTEGER,           -- T
    utm_term INTEGER,              -- T
    browser INTEGER,               -- T
    browser_version INTEGER,       -- T
    os INTEGER,                    -- T
    os_version INTEGER,            -- T
    device_type INTEGER,           -- T
    screen INTEGER,                -- T
    language INTEGER,              -- T
    country INTEGER,               -- T
    revenue_amount REAL,
    revenue_currency INTEGER,      -- T
    duration_ms INTEGER,
    error_type INTEGER,            -- T
    error_filename INTEGER,        -- T
    error_lineno INTEGER,
    error_colno INTEGER,
    click_x REAL,
    click_y REAL,
    selector INTEGER,              -- T
    viewport_w INTEGER,
    viewport_h INTEGER,
    depth REAL,
    results_count INTEGER,
    survey INTEGER,                -- T
    completed INTEGER,             -- 0 or 1
    referrer TEXT,
    url TEXT,
    query TEXT,
    error_message TEXT,
    error_stack TEXT,
    props TEXT NOT NULL            -- a JSON object
);

-- The only index: a random key in a large tree costs several times the row itself.
CREATE INDEX events_by_time ON events (project, ts_ms);

CREATE TABLE event_vitals (
    event INTEGER NOT NULL,    -- events.id
    ordinal INTEGER NOT NULL,  -- the order in which the event carried them
    name INTEGER NOT NULL,     -- T
    value REAL NOT NULL,
    PRIMARY KEY (event, ordinal)
) WITHOUT ROWID;

-- The ids that clients sent within the deduplication window, each with the row that took it.
CREATE TABLE event_ids (
    event INTEGER PRIMARY KEY,  -- events.id, so the oldest come first
    project INTEGER NOT NULL,   -- T
    event_id TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    UNIQUE (project, event_id)
);

-- Where in time the sessions of a visitor have rows, for dialects that may send none: see sessions.hpp. The key's columns
-- come first: SQLite 3.40's integrity check reports null values in a table of this kind where they do not.
CREATE TABLE session_spans (
    project INTEGER NOT NULL,  -- T
    visitor INTEGER NOT NULL,  -- T
    first_ms INTEGER NOT NULL,
    session INTEGER NOT NULL,  -- T
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (project, visitor, first_ms, session)
) WITHOUT ROWID;
