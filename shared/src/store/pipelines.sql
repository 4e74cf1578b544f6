-- name: list
SELECT p.id, p.slug, p.name, p.intent, p.expected_value_minor, p.currency, p.position, p.slack_channel, p.archived_at,
       p.version, p.created_at, p.updated_at
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
SELECT p.id, p.slug, p.name, p.intent, p.expected_value_minor, p.currency, p.position, p.slack_channel, p.archived_at,
       p.version, p.created_at, p.updated_at
  FROM pipelines p
 WHERE p.id = $1

-- name: list_stages
SELECT s.id, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.won, s.lost, s.version
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

-- name: board_deals
-- The first $2 deals of every stage, by the index on (pipeline, stage, position).
SELECT d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor,
       d.currency, s.probability, d.expected_close_on, d.status, d.lost_reason, d.closed_at, d.source, d.campaign, d.origin,
       d.created_at, d.updated_at, d.version,
       (SELECT lotse.lead_name(l.first_name, l.last_name, l.company, l.email) FROM leads l WHERE l.id = d.lead_id) AS lead_name,
       (SELECT l.company FROM leads l WHERE l.id = d.lead_id) AS lead_company,
       (SELECT m.name FROM team_members m WHERE m.id = d.owner_id) AS owner_name
  FROM stages s
 CROSS JOIN LATERAL (
       SELECT i.id, i.name, i.lead_id, i.contact_id, i.company_id, i.pipeline_id, i.stage_id, i.position, i.owner_id,
              i.value_minor, i.currency, i.expected_close_on, i.status, i.lost_reason, i.closed_at, i.source, i.campaign,
              i.origin, i.created_at, i.updated_at, i.version
         FROM deals i
        WHERE i.pipeline_id = $1 AND i.stage_id = s.id
        ORDER BY i.position, i.id
        LIMIT $2) d
 WHERE s.pipeline_id = $1
 ORDER BY s.position, d.position, d.id

-- name: lock_stage
-- FOR UPDATE: a new deal's foreign key waits too.
SELECT s.id, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.won, s.lost, s.version
  FROM stages s
 WHERE s.id = $1
   FOR UPDATE

-- name: has_deals
SELECT EXISTS (SELECT FROM deals d WHERE d.stage_id = $1)

-- name: update_stage
UPDATE stages s
   SET name = $2, color = $3, icon = $4, probability = $5, won = $6, lost = $7, version = s.version + 1
 WHERE s.id = $1
RETURNING s.id, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.won, s.lost, s.version
