-- name: ping
SELECT 1

-- name: integration_report
SELECT name, status, last_success_at FROM lotse.integration_report()

-- name: outbox_report
SELECT waiting, oldest_due_at FROM lotse.outbox_report($1)
