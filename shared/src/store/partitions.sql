-- name: limit
SELECT lotse.limit_statements($1)

-- name: stage
SELECT lotse.stage_default_events()

-- name: mirror
SELECT lotse.mirror_default_events()

-- name: copy
SELECT lead_id, occurred_at, id, copied FROM lotse.copy_default_events($1, $2, $3, $4)

-- name: swap
SELECT lotse.swap_default_events()

-- name: drop_drained
SELECT lotse.drop_drained_events()

-- name: prepare_month
SELECT FROM lotse.prepare_event_month($1)

-- name: ensure_month
SELECT lotse.ensure_event_month($1)

-- name: report
SELECT default_rows, late_rows, missing FROM lotse.event_partitions($1, $2, $3)
