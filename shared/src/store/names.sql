-- name: list
-- What pipelines, stages and members are called, also those that are gone from the lists.
SELECT id, name FROM pipelines
UNION ALL
SELECT id, name FROM stages
UNION ALL
SELECT id, name FROM team_members
