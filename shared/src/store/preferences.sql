-- name: find
SELECT p.theme, p.columns, p.defaults, p.updated_at, p.version
  FROM member_preferences p
 WHERE p.id = $1

-- name: upsert
INSERT INTO member_preferences AS p (id, tenant_id, theme, columns, defaults, updated_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT ON CONSTRAINT member_preferences_pkey
DO UPDATE SET theme = EXCLUDED.theme, columns = EXCLUDED.columns, defaults = EXCLUDED.defaults, updated_at = EXCLUDED.updated_at,
              version = p.version + 1
RETURNING p.theme, p.columns, p.defaults, p.updated_at, p.version
