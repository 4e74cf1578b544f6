-- name: insert
-- A row that is needed stays as it is until this transaction ends: whoever finishes it then sees what waits for it.
WITH needed AS MATERIALIZED (
  SELECT id, status FROM effects WHERE id = ANY ($10) FOR SHARE
),
new AS (
  SELECT u.*,
         CASE WHEN u.needs IS NOT NULL AND n.status IN ('failed', 'cancelled') THEN 'failed'
              WHEN u.needs IS NOT NULL AND n.status IS DISTINCT FROM 'done' THEN 'waiting'
              WHEN u.not_before > $12 THEN 'waiting'
              ELSE 'pending' END AS status,
         u.needs IS NOT NULL AND n.status IS DISTINCT FROM 'done' AS needs_open
    FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         AS u (id, kind, cause, target, lead_id, payload, priority, not_before, needs, asked_by)
    LEFT JOIN needed n ON n.id = u.needs
)
INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, priority, not_before, needs, asked_by, status, error,
                     next_attempt_at, created_at, finished_at)
SELECT id, $1, lotse.stored_kind(kind), cause, target, lead_id, payload, priority, not_before, needs, asked_by, status,
       CASE status WHEN 'failed' THEN 'needs_failed' END,
       -- What another row will release is no matter of time.
       CASE WHEN status = 'waiting' AND needs_open THEN 'infinity' ELSE GREATEST(not_before, $12) END,
       $12, CASE status WHEN 'failed' THEN $12 END
  FROM new
 -- Nothing is promised to a partner the tenant does not use.
 WHERE EXISTS (SELECT FROM integrations i WHERE i.name = $13 AND i.active)
ON CONFLICT ON CONSTRAINT effects_once_key DO NOTHING
RETURNING id, status, next_attempt_at

-- name: find_same
SELECT id
  FROM effects
 WHERE kind = lotse.stored_kind($1) AND cause = $2 AND target = $3
