-- name: lock_leads
SELECT l.id
  FROM leads l
 WHERE l.id = ANY ($1::uuid[])
 ORDER BY l.id
   FOR NO KEY UPDATE

-- name: set_leads
UPDATE leads l
   SET owner_id = u.owner_id, tags = u.tags, updated_at = $2, version = l.version + 1
  FROM jsonb_to_recordset($1) AS u (id uuid, owner_id uuid, tags text[])
 WHERE l.id = u.id

-- name: lock_leads_of_deals
-- The leads before the deals, as everybody does who locks both.
SELECT l.id
  FROM leads l
 WHERE l.id IN (SELECT d.lead_id FROM deals d WHERE d.id = ANY ($1::uuid[]))
 ORDER BY l.id
   FOR NO KEY UPDATE

-- name: tops
-- Where the first deal of each stage stands.
SELECT s.id AS stage_id, d.position
  FROM stages s
 CROSS JOIN LATERAL (
       SELECT f.position
         FROM deals f
        WHERE f.pipeline_id = s.pipeline_id AND f.stage_id = s.id
        ORDER BY f.position, f.id
        LIMIT 1) d
 WHERE s.id = ANY ($1::uuid[])

-- name: set_deals
UPDATE deals d
   SET pipeline_id = u.pipeline_id, stage_id = u.stage_id, position = u.position, status = u.status, closed_at = u.closed_at,
       lost_reason = u.lost_reason, owner_id = u.owner_id, expected_close_on = u.expected_close_on, updated_at = $2,
       version = d.version + 1
  FROM jsonb_to_recordset($1) AS u (id uuid, pipeline_id uuid, stage_id uuid, position float8, status text, closed_at timestamptz,
                                    lost_reason text, owner_id uuid, expected_close_on date)
 WHERE d.id = u.id

-- name: insert_stage_history
INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by, reason)
SELECT u.id, $1, u.deal_id, u.from_stage_id, u.to_stage_id, $2, $3, $4
  FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[]) AS u (id, deal_id, from_stage_id, to_stage_id)

-- name: follow_leads
-- Each lead stands where its deal stands, with the lifecycle of all its deals together: as deals.follow_lead says of one.
UPDATE leads l
   SET pipeline_id = COALESCE(o.pipeline_id, l.pipeline_id),
       stage_id = COALESCE(o.stage_id, l.stage_id),
       lifecycle = o.lifecycle,
       updated_at = $3,
       version = l.version + 1
  FROM (SELECT p.id,
               CASE WHEN bool_or(d.status = 'won') THEN 'customer'
                    WHEN NOT bool_or(d.status = 'open') THEN 'lost'
                    -- What it was before the change that is undone, if nobody changed it since: in the pool, perhaps.
                    WHEN k.id IS NOT NULL THEN k.lifecycle
                    WHEN p.lifecycle IS NOT NULL OR p.deal_id = ANY ($2::uuid[]) THEN 'routed' END AS lifecycle,
               -- Of its own deal, if that is one of those that moved.
               (array_agg(d.pipeline_id) FILTER (WHERE d.id = p.deal_id AND d.id = ANY ($2::uuid[])))[1] AS pipeline_id,
               (array_agg(d.stage_id) FILTER (WHERE d.id = p.deal_id AND d.id = ANY ($2::uuid[])))[1] AS stage_id
          FROM leads p
          JOIN deals d ON d.lead_id = p.id
          LEFT JOIN jsonb_to_recordset($4) AS k (id uuid, version int8, lifecycle text) ON k.id = p.id AND k.version = p.version
         WHERE p.id = ANY ($1::uuid[])
         GROUP BY p.id, k.id, k.lifecycle) o
 WHERE l.id = o.id
   AND l.lifecycle IS DISTINCT FROM 'anonymized'
   AND (l.lifecycle IS DISTINCT FROM o.lifecycle
        OR o.stage_id IS NOT NULL AND (l.pipeline_id, l.stage_id) IS DISTINCT FROM (o.pipeline_id, o.stage_id))

-- name: set_tasks
-- A task that is due at another moment is reminded of again; the sweep makes its schedule.
UPDATE tasks t
   SET owner_id = u.owner_id, due_at = u.due_at, priority = u.priority, status = u.status, completed_at = u.completed_at,
       completed_by = u.completed_by,
       reminded_at = CASE WHEN t.due_at IS DISTINCT FROM u.due_at THEN NULL ELSE t.reminded_at END,
       scheduled_at = CASE WHEN t.due_at IS DISTINCT FROM u.due_at THEN NULL ELSE t.scheduled_at END,
       updated_at = $2, version = t.version + 1
  FROM jsonb_to_recordset($1) AS u (id uuid, owner_id uuid, due_at timestamptz, priority text, status text, completed_at timestamptz,
                                    completed_by text)
 WHERE t.id = u.id

-- name: owners
-- Those of these members who may own records.
SELECT m.id
  FROM team_members m
 WHERE m.id = ANY ($1::uuid[]) AND lotse.may_own(m.id)

-- name: insert
-- Those that can no longer be undone go with the next one.
WITH gone AS (
  DELETE FROM bulk_changes WHERE expires_at < $6::timestamptz
)
INSERT INTO bulk_changes (id, tenant_id, record_type, token_hash, actor, records, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $8, $6, $7)

-- name: lock
SELECT id, record_type, records
  FROM bulk_changes
 WHERE token_hash = $1 AND actor = $2 AND expires_at > $3 AND undone_at IS NULL
   FOR UPDATE

-- name: mark_undone
UPDATE bulk_changes SET undone_at = $2 WHERE id = $1
