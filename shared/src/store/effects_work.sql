-- name: lock
-- Whoever holds the row decides; a second delivery of the same message waits here and then sees what was decided.
SELECT lotse.effect_kind(e.kind) AS kind, lotse.partner_of(e.kind) AS partner, e.target, e.payload, e.status, e.attempts, e.priority,
       -- A message that names a moment is for that one alone, whatever the clocks say; one of the release before names none.
       COALESCE(CASE WHEN $3 IS NULL THEN m.moment <= $2 ELSE m.moment = $3 END, false) AS due,
       e.lease_until, CASE WHEN e.not_before > GREATEST(m.moment, $2) THEN e.not_before END AS not_before, e.look_at, e.absent_at, e.created_at, n.answer AS needed
  FROM effects e
       CROSS JOIN LATERAL (SELECT CASE e.status WHEN 'unknown' THEN e.look_at ELSE e.next_attempt_at END AS moment) m
  LEFT JOIN effects n ON n.id = e.needs
 WHERE e.id = $1
   FOR UPDATE OF e

-- name: ahead
-- What stands before an effect at the same place, up to as many as a delay can express in seconds, and when the first of it moves.
-- What is done right now, or may be done at any moment, moves at once.
SELECT count(*) AS effects, min(o.moves_at) AS moves_at, bool_or(o.priority < e.priority) AS slower
  FROM (SELECT id, kind, target, created_at, CASE priority WHEN 'user' THEN 2 WHEN 'webhook' THEN 1 ELSE 0 END AS priority
          FROM effects
         WHERE id = $1) e,
       LATERAL (SELECT CASE x.priority WHEN 'user' THEN 2 WHEN 'webhook' THEN 1 ELSE 0 END AS priority,
                       CASE x.status WHEN 'pending' THEN LEAST(x.next_attempt_at, $2 + interval '15 minutes')
                                     WHEN 'unknown' THEN x.look_at
                                     ELSE $2 END AS moves_at
                  FROM effects x
                 WHERE x.status IN ('pending', 'sending', 'unknown')
                   -- What no partner can be asked about waits for a person, and nothing waits for it.
                   AND (x.status <> 'unknown' OR x.look_at IS NOT NULL)
                   AND x.target = e.target
                   AND lotse.partner_of(x.kind) = lotse.partner_of(e.kind)
                   AND (x.created_at, x.id) < (e.created_at, e.id)
                 ORDER BY x.created_at, x.id
                 LIMIT 900) o

-- name: hurry
-- What stands before a person's effect is as urgent as that.
UPDATE effects x
   SET priority = e.priority
  FROM effects e
 WHERE e.id = $1
   AND x.status = 'pending'
   AND x.target = e.target
   AND lotse.partner_of(x.kind) = lotse.partner_of(e.kind)
   AND (x.created_at, x.id) < (e.created_at, e.id)

-- name: claim
-- It is overdue when the lease has ended: then nobody knows what became of it.
UPDATE effects
   SET status = 'sending', attempts = attempts + 1, lease_until = $2, next_attempt_at = $2
 WHERE id = $1
RETURNING attempts

-- name: claim_look
-- It stays unknown; the next to ask does so when this one must have ended.
UPDATE effects
   SET look_at = $2
 WHERE id = $1

-- name: postpone
UPDATE effects
   SET status = 'pending', lease_until = NULL, next_attempt_at = $2, error = COALESCE($3, error), error_words = NULL, fault = NULL,
       not_before = COALESCE($5, not_before)
 WHERE id = $1 AND status IN ('pending', 'sending') AND attempts = $4

-- name: hold
-- Until its integration works again, and not before: time alone changes nothing.
UPDATE effects
   SET status = 'pending', lease_until = NULL, next_attempt_at = 'infinity', error = COALESCE($2, error), error_words = COALESCE($3, error_words),
       fault = 'connection'
 WHERE id = $1 AND status IN ('pending', 'sending') AND attempts = $4

-- name: finish
-- Also after `unknown`: a late answer of the same attempt is the truth.
UPDATE effects
   SET status = 'done', answer = $2, error = NULL, error_words = NULL, fault = NULL, lease_until = NULL, look_at = NULL, absent_at = NULL,
       finished_at = $3
 WHERE id = $1 AND status IN ('sending', 'unknown') AND attempts = $4
RETURNING id

-- name: fail
UPDATE effects
   SET status = 'failed', error = $2, error_words = $3, fault = $4, lease_until = NULL, look_at = NULL, absent_at = NULL, finished_at = $5
 WHERE id = $1 AND status IN ('pending', 'sending', 'unknown') AND attempts = $6

-- name: unknown
UPDATE effects
   SET status = 'unknown', error = $2, error_words = NULL, fault = NULL, lease_until = NULL, look_at = $3, absent_at = NULL, finished_at = $4
 WHERE id = $1 AND status = 'sending' AND attempts = $5

-- name: look_again
-- `absent_at` as it was read: of two that looked at the same time, one is counted.
UPDATE effects
   SET look_at = $2, absent_at = COALESCE(absent_at, $3)
 WHERE id = $1 AND status = 'unknown' AND attempts = $4 AND absent_at IS NOT DISTINCT FROM $5

-- name: not_done
UPDATE effects
   SET status = 'pending', next_attempt_at = $2, look_at = NULL, absent_at = NULL, finished_at = NULL
 WHERE id = $1 AND status = 'unknown' AND attempts = $3 AND absent_at = $4

-- name: cancel
UPDATE effects
   SET status = 'cancelled', error = NULL, error_words = NULL, fault = NULL, look_at = NULL, finished_at = $2
 WHERE id = ANY ($1) AND status IN ('waiting', 'pending', 'failed', 'unknown')
RETURNING id

-- name: release
-- What waited for these may be done now, unless its own moment has not come.
UPDATE effects
   SET status = CASE WHEN not_before > $2 THEN 'waiting' ELSE 'pending' END, next_attempt_at = GREATEST(not_before, $2)
 WHERE needs = ANY ($1) AND status = 'waiting'
RETURNING id, lotse.partner_of(kind) AS partner, status, next_attempt_at AS moment

-- name: fail_needing
-- What waited for these, and what waited for that: it will never have what it needs.
WITH RECURSIVE lost AS (
  SELECT id FROM effects WHERE needs = ANY ($1) AND status = 'waiting'
  UNION
  SELECT e.id FROM effects e JOIN lost ON e.needs = lost.id WHERE e.status = 'waiting'
)
UPDATE effects e
   SET status = 'failed', error = 'needs_failed', finished_at = $2
  FROM lost
 WHERE e.id = lost.id AND e.status = 'waiting'

-- name: begin_ready
-- Their moment has come; what they need was done when it was set.
UPDATE effects
   SET status = 'pending', next_attempt_at = $2
 WHERE id = ANY ($1) AND status = 'waiting' AND next_attempt_at <= $2
RETURNING id, lotse.partner_of(kind) AS partner, status, next_attempt_at AS moment

-- name: waiting_before
-- Older ones that wait for the same place, up to as many as a delay can express in seconds.
SELECT count(*)
  FROM (SELECT
          FROM effects
         WHERE status = 'pending'
           AND lotse.partner_of(kind) = $1
           AND ($2 IS NULL OR target = $2)
           AND (created_at, id) < ($3, $4)
         LIMIT 900) AS older

-- name: standing
SELECT status, answer, error, error_words, fault
  FROM effects
 WHERE id = $1

-- name: overdue
SELECT id, tenant_id, lotse.partner_of(kind) AS partner, moment FROM lotse.lost_effects($1, $2, $3)

-- name: doubtful
SELECT id, tenant_id, lotse.partner_of(kind) AS partner, moment FROM lotse.doubtful_effects($1, $2)

-- name: ready
SELECT id, tenant_id FROM lotse.ready_effects($1, $2)

-- name: settled_needs
SELECT tenant_id, id, status FROM lotse.settled_needs($1)

-- name: put_off
UPDATE effects
   SET rests_until = $2
 WHERE id = ANY ($1) AND status IN ('pending', 'sending')

-- name: take_calls
SELECT taken, wait_ms FROM lotse.take_calls($1, $2, $3, $4, $5, $6, $7)

-- name: pause_calls
SELECT FROM lotse.pause_calls($1, $2)

-- name: budget
-- How much of it is used, and in how many milliseconds it is whole again.
SELECT LEAST(GREATEST(EXTRACT(epoch FROM b.refilled_at - $2) * b.per_second + b.burst - b.tokens, 0) / b.burst, 1)::double precision AS used,
       CEIL(GREATEST(EXTRACT(epoch FROM b.refilled_at - $2) + (b.burst - b.tokens) / b.per_second,
                     EXTRACT(epoch FROM b.blocked_until - $2), 0) * 1000)::bigint AS free_in_ms
  FROM rate_budgets b
 WHERE b.key = $1 AND b.per_second IS NOT NULL
