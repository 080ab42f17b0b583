-- How many days events are kept; null: for ever.
ALTER TABLE projects ADD COLUMN retention_days INTEGER;
