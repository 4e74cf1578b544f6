-- name: take_lease
SELECT lotse.take_lease($1, $2, $3, $4)

-- name: give_lease_back
SELECT FROM lotse.give_lease_back($1, $2)

-- name: active_tenants
SELECT id, zone FROM lotse.active_tenants()

-- name: ensure_event_partitions
SELECT lotse.ensure_event_partitions($1, $2)

-- name: event_partition_report
SELECT default_rows, missing FROM lotse.event_partition_report($1, $2)

-- name: purge_expired
SELECT idempotency_keys, revoked_tokens FROM lotse.purge_expired($1)

-- name: due_tasks
SELECT id, tenant_id, due_at, scheduled FROM lotse.due_tasks($1, $2)
