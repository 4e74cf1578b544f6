-- name: find
SELECT settings, secret, down_since IS NOT NULL AS down, updated_at
  FROM integrations
 WHERE name = $1 AND active

-- name: note_success
-- At most one write a minute, unless there is an error to clear. That it was down is for a test to take back.
UPDATE integrations
   SET last_success_at = $2,
       last_error = CASE WHEN down_since IS NULL THEN NULL ELSE last_error END,
       last_error_at = CASE WHEN down_since IS NULL THEN NULL ELSE last_error_at END
 WHERE name = $1
   AND (last_error IS NOT NULL OR last_success_at IS NULL OR last_success_at < $2 - interval '1 minute')

-- name: note_error
UPDATE integrations
   SET last_error = $2, last_error_at = $3
 WHERE name = $1

-- name: take_down
-- Once: and only if it is still what the call was made with. An answer to the old key says nothing about the new one.
UPDATE integrations
   SET down_since = $2, last_error = $3, last_error_at = $2
 WHERE name = $1 AND updated_at = $4 AND down_since IS NULL
RETURNING name

-- name: alert
INSERT INTO tasks (id, tenant_id, title, description, kind, priority, due_at, reminded_at, owner_id, cause, created_at, updated_at)
SELECT $1, $2, $3, $4, 'todo', 'high', $6, $6,
       (SELECT m.id FROM team_members m WHERE m.active AND m.lead_of_team ORDER BY m.created_at, m.id LIMIT 1), $5, $6, $6
ON CONFLICT (tenant_id, cause) WHERE cause IS NOT NULL DO NOTHING

-- name: bring_up
UPDATE integrations
   SET down_since = NULL, last_error = NULL, last_error_at = NULL, last_success_at = $2, updated_at = $2
 WHERE name = $1 AND active
RETURNING name

-- name: finish_alerts
UPDATE tasks
   SET status = 'done', completed_at = $2, completed_by = 'machine', updated_at = $2, version = version + 1
 WHERE cause LIKE 'integration:' || $1 || ':down:%' AND status = 'open'

-- name: let_go
-- What was held back is due now: all of it, and the oldest of it first.
WITH held AS (
  UPDATE effects
     SET next_attempt_at = $2
   WHERE status IN ('pending', 'sending') AND next_attempt_at = 'infinity' AND lotse.partner_of(kind) = $1
  RETURNING id, created_at, next_attempt_at
)
SELECT id, next_attempt_at AS moment
  FROM held
 ORDER BY created_at, id
 LIMIT $3

-- name: held
SELECT tenant_id, name FROM lotse.held_integrations($1)
