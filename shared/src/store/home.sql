-- part: no_next_step
-- Nothing is open about the deal, nor about its lead as such.
NOT EXISTS (SELECT FROM tasks t WHERE t.deal_id = d.id AND t.status = 'open')
   AND NOT EXISTS (SELECT FROM tasks t WHERE t.lead_id = d.lead_id AND t.deal_id IS NULL AND t.status = 'open')

-- part: hot
-- Who crossed into hot or above since a moment, and is still.
SELECT a.lead_id, max(a.alerted_at) AS hot_at
  FROM tier_alerts a
 WHERE a.tenant_id = $1 AND a.alerted_at >= $2
 GROUP BY a.lead_id

-- name: list_people
-- Of everybody who works, or of $5 alone: what is due, which deals have no next step, who became hot.
WITH hot AS MATERIALIZED (
  SELECT l.owner_id, count(*) AS leads
    FROM ({hot}) h
    JOIN leads l ON l.id = h.lead_id
    JOIN lead_standings s ON s.lead_id = l.id AND s.tier IN ('hot', 'very_hot')
   GROUP BY l.owner_id
)
SELECT m.id, m.name,
       (SELECT count(*) FROM tasks t WHERE t.owner_id = m.id AND t.status = 'open' AND t.due_at < $3) AS overdue,
       (SELECT count(*) FROM tasks t WHERE t.owner_id = m.id AND t.status = 'open' AND t.due_at >= $3 AND t.due_at < $4) AS today,
       (SELECT count(*) FROM deals d WHERE d.owner_id = m.id AND d.status = 'open' AND {no_next_step}) AS without_next_step,
       COALESCE((SELECT h.leads FROM hot h WHERE h.owner_id = m.id), 0) AS hot_leads
  FROM team_members m
 WHERE m.active
   AND ($5::uuid IS NULL AND m.role <> 'viewer' OR m.id = $5)
 ORDER BY lower(m.name), m.id
 LIMIT 200

-- name: list_money
-- Per owner and currency: what was won since a moment, and what is open, whole and weighted with its stage's probability.
SELECT g.owner_id, g.currency, sum(g.won)::bigint AS won, sum(g.won_minor)::bigint AS won_minor, sum(g.open)::bigint AS open,
       sum(g.open_minor)::bigint AS open_minor, sum(g.weighted_minor)::bigint AS weighted_minor
  FROM (
    SELECT d.owner_id, d.currency, 1 AS won, d.value_minor AS won_minor, 0 AS open, 0::bigint AS open_minor, 0::numeric AS weighted_minor
      FROM deals d
     WHERE d.tenant_id = $1 AND d.status = 'won' AND d.closed_at >= $2
    UNION ALL
    SELECT d.owner_id, d.currency, 0, 0, 1, d.value_minor, d.value_minor * s.probability / 100.0
      FROM deals d
      JOIN stages s ON s.id = d.stage_id
     WHERE d.tenant_id = $1 AND d.status = 'open'
  ) g
 GROUP BY g.owner_id, g.currency
 ORDER BY g.owner_id, g.currency

-- name: list_deals_without_next_step
-- The most valuable first.
SELECT d.id, d.name, d.lead_id, d.pipeline_id, d.stage_id, d.value_minor, d.currency, d.expected_close_on, d.version,
       (SELECT lotse.lead_name(l.first_name, l.last_name, l.company, l.email) FROM leads l WHERE l.id = d.lead_id) AS lead_name,
       (SELECT s.name FROM stages s WHERE s.id = d.stage_id) AS stage_name,
       COALESCE((SELECT max(h.moved_at) FROM stage_history h WHERE h.deal_id = d.id), d.created_at) AS in_stage_since
  FROM deals d
 WHERE d.owner_id = $1
   AND d.status = 'open'
   AND {no_next_step}
 ORDER BY d.value_minor DESC, d.created_at, d.id
 LIMIT $2

-- name: list_hot
-- One's own and those that are nobody's yet, or everybody's; the latest first.
SELECT l.id, lotse.lead_name(l.first_name, l.last_name, l.company, l.email) AS name, l.company, l.owner_id, s.tier, s.total_score, h.hot_at,
       (SELECT m.name FROM team_members m WHERE m.id = l.owner_id) AS owner_name,
       count(*) OVER () AS total
  FROM ({hot}) h
  JOIN leads l ON l.id = h.lead_id
  JOIN lead_standings s ON s.lead_id = l.id AND s.tier IN ('hot', 'very_hot')
 WHERE $3::uuid IS NULL OR l.owner_id = $3 OR l.owner_id IS NULL
 ORDER BY h.hot_at DESC, l.id
 LIMIT $4

-- name: first_steps
SELECT EXISTS (SELECT FROM leads l WHERE l.tenant_id = $1) AS leads,
       EXISTS (SELECT FROM deals d WHERE d.tenant_id = $1) AS deals,
       (SELECT count(*) FROM (SELECT FROM team_members m WHERE m.tenant_id = $1 AND m.active LIMIT 2) m) > 1 AS team
