-- part: columns
v.id, v.list, v.name, v.shared, v.owner_id, v.layout, v.columns, v.filters, v.sort, v.created_at, v.updated_at, v.version,
       (SELECT m.name FROM team_members m WHERE m.id = v.owner_id) AS owner_name,
       EXISTS (SELECT FROM saved_view_defaults d WHERE d.member_id = $1 AND d.view_id = v.id) AS is_default

-- part: seen
-- By whom $1 is: the team's views and their own. The tenant stands here too, so that the index on it and the list is taken.
v.tenant_id = $2
   AND (v.shared OR v.owner_id = $1)

-- name: list
SELECT {columns}
  FROM saved_views v
 WHERE {seen}
   AND ($3::text IS NULL OR v.list = $3)
 ORDER BY CASE WHEN $4 = 'name' THEN lower(v.name) END,
          CASE WHEN $4 = '-name' THEN lower(v.name) END DESC,
          CASE WHEN $4 = 'created_at' THEN v.created_at END,
          CASE WHEN $4 = '-created_at' THEN v.created_at END DESC,
          v.id
 LIMIT $5
OFFSET $6

-- name: count
SELECT count(*)
  FROM saved_views v
 WHERE {seen}
   AND ($3::text IS NULL OR v.list = $3)

-- name: count_own
-- Of somebody, or of nobody in particular.
SELECT count(*)
  FROM saved_views v
 WHERE v.tenant_id = $1
   AND v.owner_id IS NOT DISTINCT FROM $2

-- name: find
SELECT {columns}
  FROM saved_views v
 WHERE {seen}
   AND v.id = $3

-- name: lock
SELECT {columns}
  FROM saved_views v
 WHERE {seen}
   AND v.id = $3
   FOR NO KEY UPDATE OF v

-- name: insert
INSERT INTO saved_views (id, tenant_id, owner_id, list, name, shared, layout, columns, filters, sort, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)

-- name: update
UPDATE saved_views v
   SET name = $2, shared = $3, layout = $4, columns = $5, filters = $6, sort = $7, updated_at = $8, version = v.version + 1
 WHERE v.id = $1

-- name: delete
DELETE FROM saved_views v
 WHERE v.id = $1

-- name: set_default
INSERT INTO saved_view_defaults (tenant_id, member_id, list, view_id)
VALUES ($1, $2, $3, $4)
ON CONFLICT ON CONSTRAINT saved_view_defaults_pkey DO UPDATE SET view_id = EXCLUDED.view_id

-- name: unset_default
DELETE FROM saved_view_defaults d
 WHERE d.member_id = $1
   AND d.view_id = $2
