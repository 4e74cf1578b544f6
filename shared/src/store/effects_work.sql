-- name: lock
-- Whoever holds the row decides; a second delivery of the same message waits here and then sees what was decided.
SELECT kind, target, payload, status, attempts, lease_until, created_at
  FROM effects
 WHERE id = $1
   FOR UPDATE

-- name: claim
-- It is overdue when the lease has ended: then nobody knows what became of it.
UPDATE effects
   SET status = 'sending', attempts = attempts + 1, lease_until = $2, next_attempt_at = $2
 WHERE id = $1
RETURNING attempts

-- name: postpone
UPDATE effects
   SET status = 'pending', lease_until = NULL, next_attempt_at = $2, error = COALESCE($3, error)
 WHERE id = $1 AND status IN ('pending', 'sending') AND attempts = $4

-- name: finish
-- Also after `unknown`: a late answer of the same attempt is the truth.
UPDATE effects
   SET status = 'done', answer = $2, error = NULL, lease_until = NULL, finished_at = $3
 WHERE id = $1 AND status IN ('sending', 'unknown') AND attempts = $4

-- name: fail
UPDATE effects
   SET status = 'failed', error = $2, lease_until = NULL, finished_at = $3
 WHERE id = $1 AND status IN ('pending', 'sending', 'unknown') AND attempts = $4

-- name: unknown
UPDATE effects
   SET status = 'unknown', error = $2, lease_until = NULL, finished_at = $3
 WHERE id = $1 AND status = 'sending' AND attempts = $4

-- name: waiting_before
-- Older ones that wait for the same place, up to as many as a delay can express in seconds.
SELECT count(*)
  FROM (SELECT
          FROM effects
         WHERE status = 'pending'
           AND kind = $1
           AND ($2 IS NULL OR target = $2)
           AND (created_at, id) < ($3, $4)
         LIMIT 900) AS older

-- name: overdue
SELECT id, tenant_id, kind FROM lotse.overdue_effects($1, $2)

-- name: put_off
UPDATE effects
   SET next_attempt_at = $2
 WHERE id = ANY ($1) AND status IN ('pending', 'sending')

-- name: take_rate
SELECT lotse.take_rate($1, $2, $3, $4, $5)

-- name: block_rate
SELECT FROM lotse.block_rate($1, $2)

-- name: connection
SELECT settings, secret
  FROM integrations
 WHERE name = $1 AND active

-- name: note_success
-- At most one write a minute, unless there is an error to clear.
UPDATE integrations
   SET last_success_at = $2, last_error = NULL, last_error_at = NULL
 WHERE name = $1
   AND (last_error IS NOT NULL OR last_success_at IS NULL OR last_success_at < $2 - interval '1 minute')

-- name: note_error
UPDATE integrations
   SET last_error = $2, last_error_at = $3
 WHERE name = $1
