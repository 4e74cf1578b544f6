-- name: put
INSERT INTO outbox (id, tenant_id, queue, body, created_at, due_at)
SELECT u.id, $1, $2, u.body, $5, $5
  FROM unnest($3, $4) AS u (id, body)

-- name: claim
SELECT id, queue, body FROM lotse.claim_outbox($1, $2, $3)

-- name: delete
SELECT FROM lotse.delete_outbox($1)
