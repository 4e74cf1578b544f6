-- name: insert
INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id, before, after, request_id)
SELECT u.id, $1, $2, $3, $4, u.action, u.record_type, u.record_id, u.before, u.after, $5
  FROM unnest($6, $7, $8, $9, $10, $11) AS u (id, action, record_type, record_id, before, after)
