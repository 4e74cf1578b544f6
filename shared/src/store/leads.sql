-- part: columns
l.id, l.email, l.phone, l.linkedin_url, l.first_name, l.last_name, l.company, l.organization_id, l.job_title, l.country,
       l.language, l.tags, l.custom, l.source, l.campaign, l.lifecycle, l.suppressed, l.pipeline_id, l.stage_id, l.deal_id, l.owner_id,
       l.routed_at, l.created_at, l.updated_at, l.version,
       s.demographic, s.engagement, s.behavior, s.total_score, s.tier, s.intents, s.primary_intent, s.intent_confidence, s.conflict,
       s.first_seen_at, s.last_activity_at

-- part: leads
leads l
  LEFT JOIN lead_standings s ON s.lead_id = l.id

-- part: status
COALESCE(l.lifecycle, CASE s.tier WHEN 'cold' THEN 'new' WHEN 'warm' THEN 'engaged' ELSE 'qualified' END)

-- part: filter
-- Statements are planned with their parameters, so that a filter which was not asked for costs nothing and decides no plan. Of two arrays
-- the first has the values that pass, the second those that do not; no value is a value there, too. One value alone is compared as such,
-- so that an index which begins with it keeps its order.
($1::text[] IS NULL OR CASE WHEN cardinality($1::text[]) = 1 THEN {status} = ($1::text[])[1] ELSE {status} = ANY ($1) END)
   AND ($2::text[] IS NULL OR array_position($2, {status}) IS NULL)
   AND ($3::text[] IS NULL OR CASE WHEN cardinality($3::text[]) = 1 THEN s.tier = ($3::text[])[1] ELSE s.tier = ANY ($3) END)
   AND ($4::text[] IS NULL OR array_position($4, s.tier) IS NULL)
   AND ($5::int4 IS NULL OR s.total_score >= $5)
   AND ($6::int4 IS NULL OR s.total_score <= $6)
   AND ($7::text[] IS NULL OR CASE WHEN array_position($7, NULL) IS NOT NULL THEN s.primary_intent IS NULL OR s.primary_intent = ANY ($7) WHEN cardinality($7::text[]) = 1 THEN s.primary_intent = ($7::text[])[1] ELSE s.primary_intent = ANY ($7) END)
   AND ($8::text[] IS NULL OR array_position($8, s.primary_intent) IS NULL)
   AND ($9::uuid[] IS NULL OR CASE WHEN array_position($9, NULL) IS NOT NULL THEN l.pipeline_id IS NULL OR l.pipeline_id = ANY ($9) WHEN cardinality($9::uuid[]) = 1 THEN l.pipeline_id = ($9::uuid[])[1] ELSE l.pipeline_id = ANY ($9) END)
   AND ($10::uuid[] IS NULL OR array_position($10, l.pipeline_id) IS NULL)
   AND ($11::uuid[] IS NULL OR CASE WHEN array_position($11, NULL) IS NOT NULL THEN l.stage_id IS NULL OR l.stage_id = ANY ($11) WHEN cardinality($11::uuid[]) = 1 THEN l.stage_id = ($11::uuid[])[1] ELSE l.stage_id = ANY ($11) END)
   AND ($12::uuid[] IS NULL OR array_position($12, l.stage_id) IS NULL)
   AND ($13::uuid[] IS NULL OR CASE WHEN array_position($13, NULL) IS NOT NULL THEN l.owner_id IS NULL OR l.owner_id = ANY ($13) WHEN cardinality($13::uuid[]) = 1 THEN l.owner_id = ($13::uuid[])[1] ELSE l.owner_id = ANY ($13) END)
   AND ($14::uuid[] IS NULL OR array_position($14, l.owner_id) IS NULL)
   AND ($15::text[] IS NULL OR CASE WHEN array_position($15, NULL) IS NOT NULL THEN l.source IS NULL OR l.source = ANY ($15) WHEN cardinality($15::text[]) = 1 THEN l.source = ($15::text[])[1] ELSE l.source = ANY ($15) END)
   AND ($16::text[] IS NULL OR array_position($16, l.source) IS NULL)
   AND ($17::text[] IS NULL OR CASE WHEN array_position($17, NULL) IS NOT NULL THEN l.campaign IS NULL OR l.campaign = ANY ($17) WHEN cardinality($17::text[]) = 1 THEN l.campaign = ($17::text[])[1] ELSE l.campaign = ANY ($17) END)
   AND ($18::text[] IS NULL OR array_position($18, l.campaign) IS NULL)
   AND ($19::text[] IS NULL OR CASE WHEN array_position($19, NULL) IS NOT NULL THEN l.company IS NULL OR l.company = ANY ($19) WHEN cardinality($19::text[]) = 1 THEN l.company = ($19::text[])[1] ELSE l.company = ANY ($19) END)
   AND ($20::text[] IS NULL OR array_position($20, l.company) IS NULL)
   AND ($21::text[] IS NULL OR CASE WHEN array_position($21, NULL) IS NOT NULL THEN l.country IS NULL OR l.country = ANY ($21) WHEN cardinality($21::text[]) = 1 THEN l.country = ($21::text[])[1] ELSE l.country = ANY ($21) END)
   AND ($22::text[] IS NULL OR array_position($22, l.country) IS NULL)
   AND ($23::text[] IS NULL OR CASE WHEN array_position($23, NULL) IS NOT NULL THEN l.language IS NULL OR l.language = ANY ($23) WHEN cardinality($23::text[]) = 1 THEN l.language = ($23::text[])[1] ELSE l.language = ANY ($23) END)
   AND ($24::text[] IS NULL OR array_position($24, l.language) IS NULL)
   AND ($25::text[] IS NULL OR l.tags && $25 OR l.tags = '{}' AND array_position($25, NULL) IS NOT NULL)
   AND ($26::text[] IS NULL OR NOT (l.tags && $26 OR l.tags = '{}' AND array_position($26, NULL) IS NOT NULL))
   AND ($27::int4 IS NULL OR s.intent_confidence >= $27)
   AND ($28::int4 IS NULL OR s.intent_confidence <= $28)
   AND ($29::timestamptz IS NULL OR l.created_at >= $29)
   AND ($30::timestamptz IS NULL OR l.created_at < $30)
   AND ($31::timestamptz IS NULL OR l.updated_at >= $31)
   AND ($32::timestamptz IS NULL OR l.updated_at < $32)
   AND ($33::timestamptz IS NULL OR s.last_activity_at >= $33)
   AND ($34::timestamptz IS NULL OR s.last_activity_at < $34)
   AND ($35::bool IS NULL OR (s.last_activity_at IS NULL) = $35)
   AND ($36::timestamptz IS NULL OR l.routed_at >= $36)
   AND ($37::timestamptz IS NULL OR l.routed_at < $37)
   AND ($38::bool IS NULL OR (l.routed_at IS NULL) = $38)
   AND ($39::bool IS NULL OR COALESCE(s.conflict, false) = $39)
   AND ($40::bool IS NULL OR l.suppressed = $40)
   AND ($41::bool IS NULL OR (l.email IS NULL) = $41)
   AND ($42::bool IS NULL OR (l.phone IS NULL) = $42)
   AND ($43::bool IS NULL OR (l.linkedin_url IS NULL) = $43)
   AND ($44::bool IS NULL OR (l.organization_id IS NULL) = $44)
   AND ($45::bool IS NULL OR (l.job_title IS NULL) = $45)
   AND ($46::bool IS NULL OR (l.deal_id IS NULL) = $46)
   AND ($47 = false OR (l.pipeline_id IS NULL AND l.lifecycle IS NULL))
   -- Within a query, because the planner would weigh each of thousands of ids.
   AND ($48::uuid[] IS NULL OR l.id = ANY (ARRAY(SELECT unnest($48))))
   AND ($49::text[] IS NULL OR l.search_text LIKE ALL ($49))

-- part: newest_first
AND ($52::timestamptz IS NULL OR (l.created_at, l.id) < ($52, $53::uuid))
 ORDER BY l.created_at DESC, l.id DESC

-- part: oldest_first
AND ($52::timestamptz IS NULL OR (l.created_at, l.id) > ($52, $53::uuid))
 ORDER BY l.created_at, l.id

-- part: standing
-- Every lead has a standing; saying so lets the planner walk the standing's own index.
s.lead_id IS NOT NULL

-- part: highest_score_first
AND {standing}
 ORDER BY s.total_score DESC, s.lead_id DESC

-- part: lowest_score_first
AND {standing}
 ORDER BY s.total_score, s.lead_id

-- part: latest_activity_first
AND {standing}
 ORDER BY s.last_activity_at DESC NULLS LAST, s.lead_id DESC

-- part: earliest_activity_first
AND {standing}
 ORDER BY s.last_activity_at NULLS FIRST, s.lead_id

-- part: looked
-- Of the leads that are looked at, how many contain the words, and which of those are on the page.
count(*) AS looked, count(*) FILTER (WHERE f.fits) AS found, (array_agg(f.id) FILTER (WHERE f.fits))[$55::int4 : $56::int4] AS ids

-- part: fits
l.id, l.search_text LIKE ALL ($54::text[]) AS fits

-- name: get
SELECT {columns}
  FROM {leads}
 WHERE l.id = $1

-- name: list_by_id
SELECT {columns}
  FROM {leads}
 WHERE l.id = ANY ($1)
 ORDER BY l.id

-- name: total
SELECT count(*)
  FROM {leads}
 WHERE {filter}

-- name: total_up_to
SELECT count(*)
  FROM (SELECT
          FROM {leads}
         WHERE {filter}
         LIMIT $50) f

-- name: list_newest_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {newest_first}
 LIMIT $50 OFFSET $51

-- name: list_oldest_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {oldest_first}
 LIMIT $50 OFFSET $51

-- name: list_highest_score_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {highest_score_first}
 LIMIT $50 OFFSET $51

-- name: list_lowest_score_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {lowest_score_first}
 LIMIT $50 OFFSET $51

-- name: list_latest_activity_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {latest_activity_first}
 LIMIT $50 OFFSET $51

-- name: list_earliest_activity_first
SELECT {columns}
  FROM {leads}
 WHERE {filter}
   {earliest_activity_first}
 LIMIT $50 OFFSET $51

-- name: search_newest_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {newest_first}
         LIMIT $50 OFFSET $51) f

-- name: search_oldest_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {oldest_first}
         LIMIT $50 OFFSET $51) f

-- name: search_highest_score_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {highest_score_first}
         LIMIT $50 OFFSET $51) f

-- name: search_lowest_score_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {lowest_score_first}
         LIMIT $50 OFFSET $51) f

-- name: search_latest_activity_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {latest_activity_first}
         LIMIT $50 OFFSET $51) f

-- name: search_earliest_activity_first
SELECT {looked}
  FROM (SELECT {fits}
          FROM {leads}
         WHERE {filter}
           {earliest_activity_first}
         LIMIT $50 OFFSET $51) f

-- part: name_of
-- As it is shown, folded so that an umlaut stands where its letter stands.
COALESCE(l.search_text, lower(lotse.lead_name(l.first_name, l.last_name, l.company, l.email)))

-- part: company_of
translate(lower(l.company), 'äöüßÄÖÜáàâéèêíìîóòôúùûñç', 'aousaouaaaeeeiiiooouuunc')

-- name: list_sorted
-- For lists that are short enough to be sorted: no index has these orders.
SELECT {columns}
  FROM {leads}
 WHERE {filter}
 ORDER BY CASE WHEN $52 = 'name' THEN {name_of} END NULLS LAST,
          CASE WHEN $52 = '-name' THEN {name_of} END DESC NULLS LAST,
          CASE WHEN $52 = 'company' THEN {company_of} END NULLS LAST,
          CASE WHEN $52 = '-company' THEN {company_of} END DESC NULLS LAST,
          CASE WHEN $52 = 'status' THEN array_position(ARRAY['new', 'engaged', 'qualified', 'routed', 'customer', 'lost', 'anonymized'], {status}) END,
          CASE WHEN $52 = '-status' THEN array_position(ARRAY['new', 'engaged', 'qualified', 'routed', 'customer', 'lost', 'anonymized'], {status}) END DESC,
          CASE WHEN $52 IN ('owner', '-owner') AND l.owner_id IS NULL THEN 1 END NULLS FIRST,
          CASE WHEN $52 = 'owner' THEN (SELECT lower(m.name) FROM team_members m WHERE m.id = l.owner_id) END,
          CASE WHEN $52 = '-owner' THEN (SELECT lower(m.name) FROM team_members m WHERE m.id = l.owner_id) END DESC,
          CASE WHEN $52 IN ('intent', '-intent') AND s.primary_intent IS NULL THEN 1 END NULLS FIRST,
          CASE WHEN $52 = 'intent' THEN s.primary_intent END,
          CASE WHEN $52 = '-intent' THEN s.primary_intent END DESC,
          CASE WHEN $52 = 'updated_at' THEN l.updated_at END,
          CASE WHEN $52 = '-updated_at' THEN l.updated_at END DESC,
          l.id DESC
 LIMIT $50 OFFSET $51

-- name: ids
-- Ordered afterwards, so that the walk by id is no plan for finding them.
SELECT f.id, f.version
  FROM (SELECT l.id, l.version
          FROM {leads}
         WHERE {filter}
         LIMIT $50) f
 ORDER BY f.id

-- name: aggregate
SELECT count(*) AS total, sum(s.total_score)::int8 AS sum, avg(s.total_score)::float8 AS avg, min(s.total_score) AS min,
       max(s.total_score) AS max
  FROM {leads}
 WHERE {filter}

-- name: exists
SELECT 1 FROM leads WHERE id = $1

-- name: search
SELECT lotse.search_leads($1, $2, $3)

-- name: get_details
-- What stands around a lead: its organisation, its owner, its open deal, and leads that may be the same person.
SELECT o.id AS organization_id, o.name AS organization_name, o.domain, o.country, o.industry, o.size,
       m.id AS owner_id, m.name AS owner_name, m.email AS owner_email,
       d.id AS deal_id, d.name AS deal_name, d.pipeline_id, p.name AS pipeline_name, d.stage_id, t.name AS stage_name,
       t.probability, d.value_minor, d.currency, d.expected_close_on,
       ARRAY(SELECT CASE WHEN x.lead_id = l.id THEN x.other_lead_id ELSE x.lead_id END
               FROM duplicate_suspicions x
              WHERE x.status = 'open' AND (x.lead_id = l.id OR x.other_lead_id = l.id)
              ORDER BY x.created_at
              LIMIT 20) AS suspected_duplicates
  FROM leads l
  LEFT JOIN organizations o ON o.id = l.organization_id
  LEFT JOIN team_members m ON m.id = l.owner_id
  LEFT JOIN LATERAL (
    SELECT n.id, n.name, n.pipeline_id, n.stage_id, n.value_minor, n.currency, n.expected_close_on
      FROM deals n
     WHERE n.lead_id = l.id AND n.status = 'open'
     ORDER BY n.created_at DESC
     LIMIT 1
  ) d ON true
  LEFT JOIN pipelines p ON p.id = d.pipeline_id
  LEFT JOIN stages t ON t.id = d.stage_id
 WHERE l.id = $1

-- name: stats
WITH
-- Every lead of the window with the words it is counted under.
counted AS (
  SELECT COALESCE(l.lifecycle, CASE s.tier WHEN 'cold' THEN 'new' WHEN 'warm' THEN 'engaged' ELSE 'qualified' END) AS status,
         s.tier, COALESCE(s.primary_intent, 'none') AS intent, COALESCE(l.source, 'none') AS source,
         s.total_score, s.intent_confidence, s.primary_intent IS NOT NULL AS has_intent,
         l.pipeline_id IS NULL AND l.lifecycle IS NULL AS unrouted
    FROM leads l
    JOIN lead_standings s ON s.lead_id = l.id
   WHERE ($1 IS NULL OR l.created_at >= $1)
     AND ($2 IS NULL OR l.created_at < $2)
)
-- One row per value of each grouping, and one for everything.
SELECT CASE WHEN GROUPING(status) = 0 THEN 'status' WHEN GROUPING(tier) = 0 THEN 'tier' WHEN GROUPING(intent) = 0 THEN 'intent'
            WHEN GROUPING(source) = 0 THEN 'source' ELSE 'all' END AS grouping,
       COALESCE(status, tier, intent, source, '') AS value,
       count(*) AS leads,
       count(*) FILTER (WHERE unrouted) AS unrouted,
       avg(total_score)::float8 AS average_score,
       (avg(intent_confidence) FILTER (WHERE has_intent) / 10)::float8 AS average_confidence
  FROM counted
 GROUP BY GROUPING SETS ((), (status), (tier), (intent), (source))
 ORDER BY 1, 3 DESC, 2

-- name: insert
INSERT INTO leads (id, tenant_id, email, phone, linkedin_url, first_name, last_name, company, job_title, country, language,
                   source, campaign, custom, provenance, search_text, search_codes, tags, organization_id, owner_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $21)

-- name: update
UPDATE leads
   SET email = $2, phone = $3, linkedin_url = $4, first_name = $5, last_name = $6, company = $7, job_title = $8, country = $9,
       language = $10, source = $11, campaign = $12, custom = $13, provenance = $14, search_text = $15, search_codes = $16,
       tags = $17, organization_id = $18, owner_id = $19, updated_at = $20, version = version + 1
 WHERE id = $1

-- name: insert_identifiers
-- In a fixed order, so that two requests about the same person take turns. One that belongs to somebody stays theirs.
INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id)
SELECT $1, u.kind, u.value, $2
  FROM unnest($3, $4) AS u (kind, value)
 ORDER BY u.kind, u.value
ON CONFLICT ON CONSTRAINT lead_identifiers_pkey DO NOTHING

-- name: delete_identifiers
DELETE FROM lead_identifiers i
 USING unnest($2, $3) AS u (kind, value)
 WHERE i.lead_id = $1 AND i.kind = u.kind AND i.value = u.value

-- name: pass_on_identifiers
-- What a lead gives up ($3, $4; null: all it is known by) goes to another lead that shows it too, the oldest of them: events that carry
-- it would make one more lead of that person otherwise. The others stay suspected to be the same as that one.
WITH
-- Leads with one and the same address or number are suspected of each other. Locked as whoever changes a lead locks it, so that none of
-- them is deleted meanwhile.
shown AS (
  SELECT i.kind, i.value, l.id, l.created_at
    FROM lead_identifiers i
    JOIN leads l ON CASE i.kind WHEN 'email' THEN l.email WHEN 'phone' THEN l.phone WHEN 'linkedin_url' THEN l.linkedin_url END = i.value
   WHERE i.lead_id = $2
     AND l.id = ANY (ARRAY(SELECT CASE WHEN s.lead_id = $2 THEN s.other_lead_id ELSE s.lead_id END
                             FROM duplicate_suspicions s
                            WHERE s.lead_id = $2 OR s.other_lead_id = $2))
     AND ($3::text[] IS NULL OR (i.kind, i.value) IN (SELECT u.kind, u.value FROM unnest($3::text[], $4::text[]) AS u (kind, value)))
   ORDER BY l.id
     FOR NO KEY UPDATE OF l
),
heirs AS (
  SELECT s.kind, s.value, s.id, first_value(s.id) OVER (PARTITION BY s.kind, s.value ORDER BY s.created_at, s.id) AS heir
    FROM shown s
),
suspected AS (
  INSERT INTO duplicate_suspicions (tenant_id, lead_id, other_lead_id, created_at)
  SELECT DISTINCT $1::uuid, LEAST(h.id, h.heir), GREATEST(h.id, h.heir), $5::timestamptz
    FROM heirs h
   WHERE h.id <> h.heir
  ON CONFLICT ON CONSTRAINT duplicate_suspicions_pkey DO NOTHING
)
UPDATE lead_identifiers i
   SET lead_id = h.heir
  FROM heirs h
 WHERE h.id = h.heir AND i.lead_id = $2 AND i.kind = h.kind AND i.value = h.value

-- name: list_matches
-- Other leads that these identifiers belong to, with what they have in common.
SELECT l.id, l.email, l.first_name, l.last_name, l.company, l.created_at, array_agg(i.kind ORDER BY i.kind) AS kinds
  FROM unnest($3, $4) AS u (kind, value)
  JOIN lead_identifiers i ON i.tenant_id = $1 AND i.kind = u.kind AND i.value = u.value
  JOIN leads l ON l.id = i.lead_id
 WHERE l.id <> $2
 GROUP BY l.id
 ORDER BY l.created_at, l.id

-- name: insert_suspicions
INSERT INTO duplicate_suspicions (tenant_id, lead_id, other_lead_id, created_at)
SELECT $1, LEAST($2, other), GREATEST($2, other), $4
  FROM unnest($3) AS u (other)
ON CONFLICT ON CONSTRAINT duplicate_suspicions_pkey DO NOTHING

-- name: find_links
-- Whether the organisation exists and the member may own; foreign keys alone would not see the tenant.
SELECT $1 IS NULL OR EXISTS (SELECT FROM organizations o WHERE o.id = $1) AS organization,
       $2 IS NULL OR lotse.may_own($2) AS owner

-- name: list_open_deals
SELECT id, name
  FROM deals
 WHERE lead_id = $1 AND status = 'open'
 ORDER BY created_at, id
 LIMIT 20

-- name: list_closed_deals
-- Those that would go with their lead: a deal lives on when it also belongs to a contact or a company.
SELECT id, name, status, value_minor, currency
  FROM deals
 WHERE lead_id = $1 AND status <> 'open' AND contact_id IS NULL AND company_id IS NULL
 ORDER BY created_at, id
 LIMIT 20

-- name: delete
-- What refers to a lead without a cascade goes first; tasks and decisions follow the lead. The keys
-- of its events stay: a partner that sends an old event again must not bring a deleted person back.
WITH
-- Nothing more is said outside about a lead that is gone. What was done stays in the ledger.
stopped AS (
  UPDATE effects SET status = 'cancelled', error = 'the lead was deleted', finished_at = $2
   WHERE lead_id = $1 AND status IN ('waiting', 'pending')
),
forgotten AS (
  DELETE FROM events WHERE lead_id = $1
),
unknown AS (
  DELETE FROM lead_identifiers WHERE lead_id = $1
),
unranked AS (
  DELETE FROM lead_standings WHERE lead_id = $1
),
-- Counted and withdrawn rows have an index each.
unscored AS (
  DELETE FROM score_history WHERE lead_id = $1 AND withdrawn_at IS NULL
),
unscored_withdrawn AS (
  DELETE FROM score_history WHERE lead_id = $1 AND withdrawn_at IS NOT NULL
),
unsignalled AS (
  DELETE FROM intent_signals WHERE lead_id = $1 AND withdrawn_at IS NULL
),
unsignalled_withdrawn AS (
  DELETE FROM intent_signals WHERE lead_id = $1 AND withdrawn_at IS NOT NULL
),
-- A closed deal lives on when it also belongs to a contact or a company.
kept AS (
  UPDATE deals SET lead_id = NULL, updated_at = $2, version = version + 1
   WHERE lead_id = $1 AND (contact_id IS NOT NULL OR company_id IS NOT NULL)
),
closed AS (
  DELETE FROM deals WHERE lead_id = $1 AND contact_id IS NULL AND company_id IS NULL
)
DELETE FROM leads WHERE id = $1

-- name: list_events
WITH
-- The page first, so that only its events are looked up in the history.
page AS (
  SELECT id, event_type, source, occurred_at, received_at, external_id, campaign, metadata
    FROM events
   WHERE lead_id = $1
     AND ($2 IS NULL OR event_type = $2)
     AND ($3 IS NULL OR source = $3)
     AND ($4 IS NULL OR (occurred_at, id) < ($4, $5))
   ORDER BY occurred_at DESC, id DESC
   LIMIT $6 OFFSET $7
),
-- What each event was worth.
awards AS (
  SELECT h.event_id, jsonb_agg(jsonb_build_object('rule_id', h.rule_id, 'name', r.name, 'points', h.points) ORDER BY h.rule_id) AS list
    FROM score_history h
    LEFT JOIN scoring_rules r ON r.id = h.rule_id
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL AND h.event_id IN (SELECT id FROM page)
   GROUP BY h.event_id
),
-- What each event said about the intent.
signals AS (
  SELECT h.event_id, jsonb_agg(jsonb_build_object('rule_id', h.rule_id, 'name', r.slug, 'intent', h.intent, 'weight', h.weight)
                               ORDER BY h.rule_id) AS list
    FROM intent_signals h
    LEFT JOIN intent_rules r ON r.id = h.rule_id
   WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL AND h.event_id IN (SELECT id FROM page)
   GROUP BY h.event_id
)
SELECT p.id, p.event_type, p.source, p.occurred_at, p.received_at, p.external_id, p.campaign, p.metadata,
       a.list AS awards, g.list AS signals
  FROM page p
  LEFT JOIN awards a ON a.event_id = p.id
  LEFT JOIN signals g ON g.event_id = p.id
 ORDER BY p.occurred_at DESC, p.id DESC

-- name: count_events
SELECT count(*)
  FROM events
 WHERE lead_id = $1
   AND ($2 IS NULL OR event_type = $2)
   AND ($3 IS NULL OR source = $3)

-- name: list_scores
WITH
-- Two halves, because each has an index of its own.
history AS (
  SELECT rule_id, rule_version, event_id, category, points, awarded_at, expires_at, withdrawn_at, withdrawn_reason
    FROM score_history
   WHERE lead_id = $1 AND withdrawn_at IS NULL
  UNION ALL
  SELECT rule_id, rule_version, event_id, category, points, awarded_at, expires_at, withdrawn_at, withdrawn_reason
    FROM score_history
   WHERE lead_id = $1 AND withdrawn_at IS NOT NULL
)
SELECT h.rule_id, r.slug, r.name, h.rule_version, h.event_id, h.category, h.points, h.awarded_at, h.expires_at, h.withdrawn_at,
       h.withdrawn_reason
  FROM history h
  LEFT JOIN scoring_rules r ON r.id = h.rule_id
 ORDER BY h.awarded_at DESC, h.rule_id, h.event_id, h.withdrawn_at DESC NULLS FIRST
 LIMIT $2 OFFSET $3

-- name: count_scores
SELECT (SELECT count(*) FROM score_history WHERE lead_id = $1 AND withdrawn_at IS NULL)
     + (SELECT count(*) FROM score_history WHERE lead_id = $1 AND withdrawn_at IS NOT NULL)

-- name: list_intents
WITH
-- Two halves, because each has an index of its own.
history AS (
  SELECT rule_id, rule_version, event_id, intent, weight, signalled_at, expires_at, withdrawn_at, withdrawn_reason
    FROM intent_signals
   WHERE lead_id = $1 AND withdrawn_at IS NULL
  UNION ALL
  SELECT rule_id, rule_version, event_id, intent, weight, signalled_at, expires_at, withdrawn_at, withdrawn_reason
    FROM intent_signals
   WHERE lead_id = $1 AND withdrawn_at IS NOT NULL
)
SELECT h.rule_id, r.slug, h.rule_version, h.event_id, h.intent, h.weight, h.signalled_at, h.expires_at, h.withdrawn_at,
       h.withdrawn_reason
  FROM history h
  LEFT JOIN intent_rules r ON r.id = h.rule_id
 ORDER BY h.signalled_at DESC, h.rule_id, h.event_id, h.withdrawn_at DESC NULLS FIRST
 LIMIT $2 OFFSET $3

-- name: count_intents
SELECT (SELECT count(*) FROM intent_signals WHERE lead_id = $1 AND withdrawn_at IS NULL)
     + (SELECT count(*) FROM intent_signals WHERE lead_id = $1 AND withdrawn_at IS NOT NULL)

-- name: list_decisions
SELECT id, deal_id, record
  FROM routing_decisions
 WHERE lead_id = $1 AND outcome <> 'pending'
 ORDER BY decided_at DESC, id DESC
 LIMIT $2 OFFSET $3

-- name: count_decisions
SELECT count(*) FROM routing_decisions WHERE lead_id = $1 AND outcome <> 'pending'
