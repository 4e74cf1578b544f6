-- name: insert
INSERT INTO effects (id, tenant_id, kind, cause, target, lead_id, payload, next_attempt_at, created_at)
SELECT u.id, $1, u.kind, u.cause, u.target, u.lead_id, u.payload, $8, $8
  FROM unnest($2, $3, $4, $5, $6, $7) AS u (id, kind, cause, target, lead_id, payload)
 -- Nothing is promised to a partner the tenant does not use.
 WHERE EXISTS (SELECT FROM integrations i WHERE i.name = $9 AND i.active)
ON CONFLICT ON CONSTRAINT effects_once_key DO NOTHING
RETURNING id
