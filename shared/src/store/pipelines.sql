-- part: columns
p.id, p.slug, p.name, p.intent, p.expected_value_minor, p.currency, p.position, p.slack_channel, p.archived_at,
       p.version, p.created_at, p.updated_at

-- part: stage
s.id, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.won, s.lost, s.version

-- name: list
SELECT {columns}
  FROM pipelines p
 WHERE $1 OR p.archived_at IS NULL
 ORDER BY p.position, p.id
 LIMIT $2
OFFSET $3

-- name: count
SELECT count(*)
  FROM pipelines p
 WHERE $1 OR p.archived_at IS NULL

-- name: find
SELECT {columns}
  FROM pipelines p
 WHERE p.id = $1

-- name: list_stages
SELECT {stage}
  FROM stages s
 WHERE s.pipeline_id = ANY ($1)
 ORDER BY s.pipeline_id, s.position

-- name: stage_sums
-- What stands in each stage, per currency: amounts of different currencies are never added up.
SELECT d.stage_id, d.currency, count(*) AS deals, sum(d.value_minor)::bigint AS value_minor,
       round(sum(d.value_minor * s.probability) / 100.0)::bigint AS weighted_minor
  FROM deals d
  JOIN stages s ON s.id = d.stage_id
 WHERE d.pipeline_id = $1
 GROUP BY d.stage_id, d.currency
 ORDER BY d.stage_id, d.currency

-- name: find_stage
SELECT {stage}
  FROM stages s
 WHERE s.id = $1

-- name: first_stage
-- The stage in which a deal of a pipeline begins.
SELECT {stage}
  FROM stages s
 WHERE s.pipeline_id = $1 AND NOT s.won AND NOT s.lost
 ORDER BY s.position
 LIMIT 1

-- name: closing_stage
-- The first stage of a deal's pipeline that is won, or lost.
SELECT {stage}
  FROM stages s
 WHERE s.pipeline_id = (SELECT d.pipeline_id FROM deals d WHERE d.id = $1)
   AND CASE $2 WHEN 'won' THEN s.won ELSE s.lost END
 ORDER BY s.position
 LIMIT 1

-- name: lock_stage_for_move
-- Moves into one stage take turns; deals that the machine puts into it go on undisturbed.
SELECT {stage}
  FROM stages s
 WHERE s.id = $1
   FOR NO KEY UPDATE

-- name: lock_stages_for_move
-- Several of them, in the order of ids.
SELECT {stage}
  FROM stages s
 WHERE s.id = ANY ($1::uuid[])
 ORDER BY s.id
   FOR NO KEY UPDATE

-- name: closing_stages
-- The first stage of each pipeline of deals that is won, or lost.
SELECT DISTINCT ON (s.pipeline_id) s.pipeline_id, s.id
  FROM stages s
 WHERE s.pipeline_id IN (SELECT d.pipeline_id FROM deals d WHERE d.id = ANY ($1::uuid[]))
   AND CASE $2 WHEN 'won' THEN s.won ELSE s.lost END
 ORDER BY s.pipeline_id, s.position

-- name: lock_stage
-- FOR UPDATE: a new deal's foreign key waits too.
SELECT {stage}
  FROM stages s
 WHERE s.id = $1
   FOR UPDATE

-- name: has_deals
SELECT EXISTS (SELECT FROM deals d WHERE d.stage_id = $1)

-- name: update_stage
UPDATE stages s
   SET name = $2, color = $3, icon = $4, probability = $5, won = $6, lost = $7, version = s.version + 1
 WHERE s.id = $1
RETURNING {stage}
