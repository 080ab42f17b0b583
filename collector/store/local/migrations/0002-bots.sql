-- A crawler's events are kept and seen by no report. Last in the row, but 0 and 1 take no room there beyond the header.
ALTER TABLE events ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;  -- 0 or 1
