-- The event path: what it writes most often costs less to write and to read.

-- JSON that no statement looks into is kept as it is written: `jsonb` would be taken apart when it is stored and put together
-- again whenever it is read.
ALTER TABLE events
  ALTER COLUMN identifiers TYPE json,
  ALTER COLUMN profile TYPE json,
  ALTER COLUMN campaign TYPE json,
  ALTER COLUMN metadata TYPE json;
ALTER TABLE leads ALTER COLUMN provenance DROP DEFAULT, ALTER COLUMN provenance TYPE json, ALTER COLUMN provenance SET DEFAULT '{}';
ALTER TABLE lead_standings ALTER COLUMN intents DROP DEFAULT, ALTER COLUMN intents TYPE json, ALTER COLUMN intents SET DEFAULT '[]';
ALTER TABLE routing_decisions ALTER COLUMN record TYPE json;
-- A decision record is 2 to 3 KB and there are few: compressing it costs more than the space is worth.
ALTER TABLE routing_decisions SET (toast_tuple_target = 4080);
