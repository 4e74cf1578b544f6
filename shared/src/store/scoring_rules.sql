-- part: filter
($1::boolean IS NULL OR r.active = $1)
   AND ($2::text IS NULL OR r.rule_type = $2)
   AND ($3::text IS NULL OR r.category = $3)

-- name: list
SELECT r.id, r.version, r.slug, r.name, COALESCE(r.description, '') AS description, r.rule_type, r.category, r.conditions, r.points,
       r.max_per_day, r.max_per_lead, r.expires_after_days, r.active, r.created_at, r.updated_at
  FROM scoring_rules r
 WHERE {filter}
 ORDER BY r.created_at, r.id
 LIMIT $4
OFFSET $5

-- name: count
SELECT count(*)
  FROM scoring_rules r
 WHERE {filter}

-- name: insert
-- No row: the slug is taken.
INSERT INTO scoring_rules (id, tenant_id, slug, name, description, rule_type, category, conditions, points, max_per_day,
                           max_per_lead, expires_after_days, active, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
ON CONFLICT ON CONSTRAINT scoring_rules_slug_key DO NOTHING
RETURNING created_at, updated_at

-- name: find_by_slug
SELECT r.id
  FROM scoring_rules r
 WHERE r.slug = $1

-- name: lead_exists
SELECT l.id
  FROM leads l
 WHERE l.id = $1

-- name: list_awards
-- Two partial indexes, one for rows that count and one for withdrawn ones: a branch for each. $2 is now, $3 the start of its UTC day.
WITH awards AS (
  SELECT h.rule_id, h.category, h.points, h.awarded_at, h.expires_at, false AS withdrawn
    FROM score_history h
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL
   UNION ALL
  SELECT h.rule_id, h.category, h.points, h.awarded_at, h.expires_at, true
    FROM score_history h
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NOT NULL
)
SELECT a.rule_id, a.category, r.slug, r.name, r.rule_type, r.max_per_day, r.max_per_lead, r.active,
       count(*) FILTER (WHERE NOT a.withdrawn AND (a.expires_at IS NULL OR a.expires_at > $2)) AS counted,
       COALESCE(sum(a.points) FILTER (WHERE NOT a.withdrawn AND (a.expires_at IS NULL OR a.expires_at > $2)), 0)::bigint AS points,
       min(a.expires_at) FILTER (WHERE NOT a.withdrawn AND a.expires_at > $2) AS next_expiry_at,
       max(a.awarded_at) FILTER (WHERE NOT a.withdrawn) AS last_awarded_at,
       count(*) FILTER (WHERE NOT a.withdrawn AND a.awarded_at >= $3 AND a.awarded_at < $3 + interval '1 day') AS today,
       count(*) FILTER (WHERE NOT a.withdrawn AND a.expires_at <= $2) AS expired,
       COALESCE(sum(a.points) FILTER (WHERE NOT a.withdrawn AND a.expires_at <= $2), 0)::bigint AS expired_points,
       count(*) FILTER (WHERE a.withdrawn) AS withdrawn,
       COALESCE(sum(a.points) FILTER (WHERE a.withdrawn), 0)::bigint AS withdrawn_points
  FROM awards a
  LEFT JOIN scoring_rules r ON r.id = a.rule_id
 GROUP BY a.rule_id, a.category, r.slug, r.name, r.rule_type, r.max_per_day, r.max_per_lead, r.active, r.created_at
 ORDER BY r.created_at, a.rule_id, a.category
