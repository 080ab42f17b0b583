-- How far each service has been sent the stored events, and what came of the last try.
CREATE TABLE forwarding_cursors (
    provider TEXT PRIMARY KEY,
    position INTEGER NOT NULL,     -- the place of the last event that is done with (EventStore::arrivals)
    failures INTEGER NOT NULL,     -- tries in a row that came to nothing
    next_try_ms INTEGER NOT NULL,  -- since 1970; 0: at once
    last_error TEXT NOT NULL       -- empty: none since the last success
) WITHOUT ROWID;
