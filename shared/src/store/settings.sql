-- part: columns
t.id, t.slug, t.name, t.zone, t.language, t.default_country, t.state, t.currency, t.lost_reasons, t.stuck_after_days, t.goals,
       t.updated_at, t.version

-- name: find
SELECT {columns}
  FROM tenants t
 WHERE t.id = $1

-- name: lock
SELECT {columns}
  FROM tenants t
 WHERE t.id = $1
   FOR NO KEY UPDATE

-- name: update
UPDATE tenants t
   SET name = $2, zone = $3, language = $4, default_country = $5, state = $6, lost_reasons = $7, stuck_after_days = $8, goals = $9,
       updated_at = $10, version = t.version + 1
 WHERE t.id = $1
RETURNING {columns}

-- name: unknown_members
SELECT w.id
  FROM unnest($1::uuid[]) AS w (id)
 WHERE NOT EXISTS (SELECT FROM team_members m WHERE m.id = w.id)
 ORDER BY w.id
