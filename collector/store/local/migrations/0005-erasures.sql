-- Rows may be erased from here on (docs/decisions/0020-erasing-rows.md).

-- An id is never given twice: segments and hash indexes tell by ids what they cover.
CREATE TABLE last_rows (
    name TEXT PRIMARY KEY,  -- of a table whose rows are erased
    id INTEGER NOT NULL     -- the newest row that it had when some of them were
) WITHOUT ROWID;

-- What is to be erased: the rows up to last_row of a visitor, of a user, or from before an instant. The last one that is
-- done stays, as segments name the erasure that they have followed.
CREATE TABLE erasures (
    id INTEGER PRIMARY KEY,
    token INTEGER NOT NULL,    -- random: no other database has it
    project INTEGER NOT NULL,  -- T
    last_row INTEGER NOT NULL,
    visitor INTEGER,           -- T, or it was until this was done
    user INTEGER,              -- likewise
    before_ms INTEGER,
    erased INTEGER NOT NULL DEFAULT 0,  -- rows so far
    done INTEGER NOT NULL DEFAULT 0     -- 0 or 1
);

-- What erased rows referred to, until it is known whether other rows do, and nothing of it is left where they do not.
CREATE TABLE orphaned_texts (id INTEGER PRIMARY KEY);
CREATE TABLE orphaned_contexts (id INTEGER PRIMARY KEY);
