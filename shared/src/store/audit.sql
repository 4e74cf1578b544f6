-- name: note
INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id, before, after, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
