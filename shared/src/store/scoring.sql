-- name: list_steps
-- Everything that changed a lead's score, with what it came to each time; the latest first. $2 is now.
WITH
-- Two halves, because each has an index of its own.
history AS (
  SELECT h.rule_id, h.rule_version, h.event_id, h.category, h.points, h.awarded_at, h.expires_at, h.withdrawn_at, h.withdrawn_reason
    FROM score_history h
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL
   UNION ALL
  SELECT h.rule_id, h.rule_version, h.event_id, h.category, h.points, h.awarded_at, h.expires_at, h.withdrawn_at, h.withdrawn_reason
    FROM score_history h
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NOT NULL
),
steps AS (
  SELECT h.awarded_at AS at, 1 AS rank, 'award' AS kind, h.points AS change, h.*
    FROM history h
   UNION ALL
  SELECT h.expires_at, 2, 'expiry', -h.points, h.*
    FROM history h
   WHERE h.expires_at <= $2 AND (h.withdrawn_at IS NULL OR h.withdrawn_at >= h.expires_at)
   UNION ALL
  -- What had expired before it was withdrawn takes nothing away a second time.
  SELECT GREATEST(h.withdrawn_at, h.awarded_at), 3, 'withdrawal',
         CASE WHEN h.expires_at <= h.withdrawn_at THEN 0 ELSE -h.points END, h.*
    FROM history h
   WHERE h.withdrawn_at IS NOT NULL
),
-- One order of all steps, and the sums up to each.
running AS (
  SELECT s.*, row_number() OVER w AS nth,
         COALESCE(sum(s.change) FILTER (WHERE s.category = 'demographic') OVER w, 0)::integer AS demographic,
         COALESCE(sum(s.change) FILTER (WHERE s.category = 'engagement') OVER w, 0)::integer AS engagement,
         COALESCE(sum(s.change) FILTER (WHERE s.category = 'behavior') OVER w, 0)::integer AS behavior
    FROM steps s
  WINDOW w AS (ORDER BY s.at, s.rank, s.rule_id, s.event_id, s.withdrawn_at ROWS UNBOUNDED PRECEDING)
),
page AS (
  SELECT *
    FROM running
   ORDER BY nth DESC
   LIMIT $3
  OFFSET $4
)
SELECT p.at, p.kind, p.change, p.category, p.rule_id, r.slug, r.name, p.rule_version, p.event_id, e.event_type, p.awarded_at,
       p.expires_at, p.withdrawn_reason, p.demographic, p.engagement, p.behavior
  FROM page p
  LEFT JOIN scoring_rules r ON r.id = p.rule_id
  -- What an event awards is awarded at the event's moment: so one partition is looked into.
  LEFT JOIN events e ON e.lead_id = $1 AND e.occurred_at = p.awarded_at AND e.id = p.event_id
 ORDER BY p.nth DESC

-- name: count_steps
SELECT (SELECT count(*) + count(*) FILTER (WHERE h.expires_at <= $2)
          FROM score_history h
         WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL)
     + (SELECT 2 * count(*) + count(*) FILTER (WHERE h.expires_at <= $2 AND h.withdrawn_at >= h.expires_at)
          FROM score_history h
         WHERE h.lead_id = $1 AND h.withdrawn_at IS NOT NULL)

-- name: stats_rules
SELECT count(*) AS total, count(*) FILTER (WHERE r.active) AS active, count(*) FILTER (WHERE r.rule_type = 'event') AS event,
       count(*) FILTER (WHERE r.rule_type = 'profile') AS profile
  FROM scoring_rules r

-- name: stats_awards
-- What was awarded from $1 up to $2 and not withdrawn: per rule, per category, and in all.
WITH awarded AS (
  SELECT h.rule_id, h.category, count(*) AS awards, sum(h.points)::bigint AS points, count(DISTINCT h.lead_id) AS leads
    FROM score_history h
   WHERE h.withdrawn_at IS NULL AND h.awarded_at >= $1 AND h.awarded_at < $2
   GROUP BY GROUPING SETS ((h.rule_id), (h.category), ())
)
SELECT a.rule_id, a.category, r.slug, r.name, r.category AS rule_category, a.awards, COALESCE(a.points, 0) AS points, a.leads
  FROM awarded a
  LEFT JOIN scoring_rules r ON r.id = a.rule_id
 ORDER BY a.points DESC, a.awards DESC, a.rule_id, a.category

-- name: stats_scores
-- How many leads have each score now; the index on a tenant's scores has all of it.
SELECT s.total_score, count(*) AS leads
  FROM lead_standings s
 GROUP BY s.total_score
 ORDER BY s.total_score
