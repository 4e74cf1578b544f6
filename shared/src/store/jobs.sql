-- name: take_lease
SELECT lotse.take_lease($1, $2, $3, $4)

-- name: give_lease_back
SELECT FROM lotse.give_lease_back($1, $2)

-- name: daily_tenants
SELECT id, zone, last_day FROM lotse.daily_tenants($1)

-- name: note_day
INSERT INTO daily_runs AS d (tenant_id, job, day) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT daily_runs_pkey DO UPDATE SET day = GREATEST(d.day, EXCLUDED.day)

-- name: purge_expired
SELECT idempotency_keys, revoked_tokens FROM lotse.purge_expired($1)

-- name: due_tasks
SELECT id, tenant_id, due_at, scheduled FROM lotse.due_tasks($1, $2)
