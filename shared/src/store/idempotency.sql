-- name: claim
-- A key older than a day is free again.
INSERT INTO idempotency_keys AS k (tenant_id, key, request, request_hash, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT idempotency_keys_pkey
DO UPDATE SET request = EXCLUDED.request, request_hash = EXCLUDED.request_hash, created_at = EXCLUDED.created_at,
              status = NULL, headers = NULL, body = NULL
 WHERE k.created_at < EXCLUDED.created_at - interval '24 hours'

-- name: get
SELECT request, request_hash, status, headers, body
  FROM idempotency_keys
 WHERE key = $1

-- name: save
UPDATE idempotency_keys
   SET status = $2, headers = $3, body = $4
 WHERE key = $1
