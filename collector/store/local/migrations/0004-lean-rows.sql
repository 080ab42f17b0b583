-- An event's row holds what most events have; what its client's events have in common is one row of event_contexts, and
-- what only some kinds have is a row of event_details. Texts lose their unique index: which number a text has is kept in
-- runs beside the database (hash_index.hpp), made from these rows. Columns marked T hold event_texts ids; null is absent.

CREATE TABLE event_contexts (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,  -- T
    dialect INTEGER NOT NULL,  -- model::DialectId
    app INTEGER,               -- T
    app_version INTEGER,       -- T
    utm_source INTEGER,        -- T
    utm_medium INTEGER,        -- T
    utm_campaign INTEGER,      -- T
    utm_content INTEGER,       -- T
    utm_term INTEGER,          -- T
    browser INTEGER,           -- T
    browser_version INTEGER,   -- T
    os INTEGER,                -- T
    os_version INTEGER,        -- T
    device_type INTEGER,       -- T
    screen INTEGER,            -- T
    language INTEGER,          -- T
    country INTEGER            -- T
);

INSERT INTO event_contexts (project, dialect, app, app_version, utm_source, utm_medium, utm_campaign, utm_content,
    utm_term, browser, browser_version, os, os_version, device_type, screen, language, country)
SELECT DISTINCT project, dialect, app, app_version, utm_source, utm_medium, utm_campaign, utm_content,
    utm_term, browser, browser_version, os, os_version, device_type, screen, language, country
FROM events;

CREATE INDEX contexts_by_all ON event_contexts (project, dialect, browser, browser_version, os, os_version, screen,
    language, country, app, app_version, device_type, utm_source, utm_medium, utm_campaign, utm_content, utm_term);

CREATE TABLE event_details (
    event INTEGER PRIMARY KEY,  -- events.id
    revenue_amount REAL,
    revenue_currency INTEGER,   -- T
    duration_ms INTEGER,
    error_type INTEGER,         -- T
    error_filename INTEGER,     -- T
    error_lineno INTEGER,
    error_colno INTEGER,
    error_message TEXT,
    error_stack TEXT,
    click_x REAL,
    click_y REAL,
    selector INTEGER,           -- T
    viewport_w INTEGER,
    viewport_h INTEGER,
    depth REAL,
    query TEXT,
    results_count INTEGER,
    survey INTEGER,             -- T
    completed INTEGER           -- 0 or 1
);

INSERT INTO event_details
SELECT id, revenue_amount, revenue_currency, duration_ms, error_type, error_filename, error_lineno, error_colno,
    error_message, error_stack, click_x, click_y, selector, viewport_w, viewport_h, depth, query, results_count, survey,
    completed
FROM events
WHERE coalesce(revenue_amount, revenue_currency, duration_ms, error_type, error_filename, error_lineno, error_colno,
    error_message, error_stack, click_x, click_y, selector, viewport_w, viewport_h, depth, query, results_count, survey,
    completed) IS NOT NULL;

-- Ids count up in the order of arrival. What reports read comes first: SQLite stops reading a row at the last column it
-- needs. Texts that are mostly unique or long stay in the row: a dictionary entry would cost them more.
-- source_type is null when it is the name. With a site, scheme and host as in "https://example.org", the url is the
-- site's text, the path's and the column's one after the other; without, it is the column's alone.
CREATE TABLE lean_events (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,      -- T
    ts_ms INTEGER NOT NULL,
    kind INTEGER NOT NULL,         -- model::Kind
    interaction INTEGER NOT NULL,  -- 0 or 1
    bot INTEGER NOT NULL,          -- 0 or 1: a crawler's, seen by no report
    visitor INTEGER NOT NULL,      -- T
    session INTEGER NOT NULL,      -- T
    name INTEGER NOT NULL,         -- T
    path INTEGER,                  -- T
    context INTEGER NOT NULL,      -- event_contexts.id
    delay_ms INTEGER NOT NULL,     -- from ts_ms to when it arrived here; negative where the client's clock is ahead
    event_id NOT NULL,             -- 16 bytes of a UUID, or text: event_id.hpp
    event_id_is_ours INTEGER NOT NULL,  -- 0 or 1
    source_type INTEGER,           -- T
    user INTEGER,                  -- T
    title INTEGER,                 -- T
    site INTEGER,                  -- T
    referrer TEXT,
    url TEXT,
    props TEXT                     -- a JSON object, null when it is empty
);

INSERT INTO lean_events
SELECT e.id, e.project, ts_ms, kind, interaction, bot, visitor, session, name, path, c.id, received_ms - ts_ms, event_id,
    event_id_is_ours, nullif(source_type, name), user, title, NULL, referrer, url, nullif(props, '{}')
FROM events AS e JOIN event_contexts AS c INDEXED BY contexts_by_all ON c.project = e.project AND c.dialect = e.dialect
    AND c.browser IS e.browser AND c.browser_version IS e.browser_version AND c.os IS e.os
    AND c.os_version IS e.os_version AND c.screen IS e.screen AND c.language IS e.language AND c.country IS e.country
    AND c.app IS e.app AND c.app_version IS e.app_version AND c.device_type IS e.device_type
    AND c.utm_source IS e.utm_source AND c.utm_medium IS e.utm_medium AND c.utm_campaign IS e.utm_campaign
    AND c.utm_content IS e.utm_content AND c.utm_term IS e.utm_term
ORDER BY e.id;

DROP INDEX contexts_by_all;
DROP TABLE events;
ALTER TABLE lean_events RENAME TO events;
CREATE INDEX events_by_time ON events (project, ts_ms);

CREATE TABLE lean_texts (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,  -- 0 for the projects' own ids
    space INTEGER NOT NULL,    -- Space in dictionary.hpp
    text TEXT NOT NULL
);
INSERT INTO lean_texts SELECT id, project, space, text FROM event_texts ORDER BY id;
DROP TABLE event_texts;
ALTER TABLE lean_texts RENAME TO event_texts;

-- For people, and for tests: rows with their texts in place of numbers, and whole ids and urls.
CREATE VIEW readable_events AS
SELECT e.id, project.text AS project, kind, name.text AS name, e.ts_ms, e.ts_ms + e.delay_ms AS received_ms,
    CASE typeof(event_id) WHEN 'blob' THEN lower(substr(hex(event_id), 1, 8) || '-' || substr(hex(event_id), 9, 4) || '-' ||
        substr(hex(event_id), 13, 4) || '-' || substr(hex(event_id), 17, 4) || '-' || substr(hex(event_id), 21))
        ELSE event_id END AS event_id,
    visitor.text AS visitor, session.text AS session, user.text AS user, path.text AS path, title.text AS title,
    CASE WHEN site IS NULL THEN url ELSE site.text || path.text || coalesce(url, '') END AS url, referrer,
    coalesce(props, '{}') AS props, bot, context
FROM events AS e
    JOIN event_texts AS project ON project.id = e.project
    JOIN event_texts AS name ON name.id = e.name
    JOIN event_texts AS visitor ON visitor.id = e.visitor
    JOIN event_texts AS session ON session.id = e.session
    LEFT JOIN event_texts AS user ON user.id = e.user
    LEFT JOIN event_texts AS path ON path.id = e.path
    LEFT JOIN event_texts AS title ON title.id = e.title
    LEFT JOIN event_texts AS site ON site.id = e.site;
