-- Where projects want to be told of what happens. The secret is kept as it is: it signs.
CREATE TABLE webhooks (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    url        TEXT NOT NULL,
    events     TEXT NOT NULL,  -- names joined by commas
    secret     TEXT NOT NULL,  -- empty: none
    created_ms INTEGER NOT NULL
);
CREATE INDEX webhooks_by_project ON webhooks (project_id, seq);

-- Messages that are to leave the collector, and for some days those that have or could not.
CREATE TABLE outbox_messages (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    channel    TEXT NOT NULL,     -- subscription, webhook or email
    target     TEXT NOT NULL,     -- a webhook's id, a URL or an address
    event      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,  -- then it is given up
    state      TEXT NOT NULL,     -- pending, delivered or failed
    attempts   INTEGER NOT NULL,
    next_ms    INTEGER NOT NULL,  -- when it is tried next
    settled_ms INTEGER,           -- when it was delivered, or had failed
    error      TEXT NOT NULL      -- of the latest attempt; empty: none
);
CREATE INDEX outbox_pending ON outbox_messages (channel, target, seq) WHERE state = 'pending';
CREATE INDEX outbox_by_target ON outbox_messages (target, seq);
CREATE INDEX outbox_settled ON outbox_messages (settled_ms) WHERE settled_ms IS NOT NULL;

CREATE TABLE outbox_attempts (
    message_id TEXT NOT NULL REFERENCES outbox_messages (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    at_ms      INTEGER NOT NULL,
    status     INTEGER NOT NULL,  -- 0: no answer came
    took_ms    INTEGER NOT NULL,
    error      TEXT NOT NULL,
    PRIMARY KEY (message_id, number)
) WITHOUT ROWID;
