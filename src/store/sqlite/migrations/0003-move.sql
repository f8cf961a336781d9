-- While a pool moves to another store, and after that: {"id", "state", "other"}, or nothing.

ALTER TABLE pool ADD COLUMN move TEXT;
