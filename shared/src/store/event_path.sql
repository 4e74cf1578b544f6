-- Leads are given as `(SELECT $n)`, which the planner does not look into: weighing five hundred ids one by one against the statistics
-- costs it more than looking them up.
-- Where hundreds of rows come in, their columns are unnested in a SELECT list: in FROM, Postgres would copy every column aside first.

-- name: claim_events
-- The keys decide which events are new. Sorted, so that two processors with the same events take turns instead of deadlocking.
INSERT INTO event_keys (key, tenant_id, event_id)
SELECT u.key, $1, u.event_id
  FROM unnest($2, $3) AS u (key, event_id)
 ORDER BY u.key
ON CONFLICT ON CONSTRAINT event_keys_pkey DO NOTHING
RETURNING event_id

-- name: release_events
DELETE FROM event_keys WHERE key = ANY ($1)

-- name: find_identities
-- Whose these identifiers are. The values lie kind after kind; each kind's part of them is one look-up in the index.
SELECT i.kind, i.value, i.lead_id
  FROM unnest($2, $3, $4) AS u (kind, first, last)
  -- OFFSET keeps this a look-up; a plain join may be planned as one pass over everybody's.
  CROSS JOIN LATERAL (
    SELECT k.kind, k.value, k.lead_id
      FROM lead_identifiers k
     WHERE k.tenant_id = $1 AND k.kind = u.kind AND k.value = ANY (($5)[u.first : u.last])
    OFFSET 0
  ) i
UNION ALL
SELECT 'lead_id', l.id::text, l.id
  FROM leads l
 WHERE l.id = ANY ((SELECT $6::uuid[])::uuid[])

-- name: list_named
-- Which of these leads are known by more than a cookie. LIMIT keeps this a look-up per lead; as EXISTS it may be planned as one
-- pass over everybody's identifiers.
SELECT u.id
  FROM unnest($1) AS u (id)
 WHERE (SELECT true FROM lead_identifiers i WHERE i.lead_id = u.id AND i.kind <> 'anonymous_id' LIMIT 1)

-- name: list_strong_identifiers
-- What says more about these leads than a cookie.
SELECT kind, value
  FROM lead_identifiers
 WHERE lead_id = ANY ($1) AND kind <> 'anonymous_id'

-- name: insert_identifiers
-- Fewer rows than given: another processor met the same person at this moment.
INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id)
SELECT $1, u.kind, u.value, u.lead_id
  FROM unnest($2, $3, $4) AS u (kind, value, lead_id)
 ORDER BY u.kind, u.value
ON CONFLICT ON CONSTRAINT lead_identifiers_pkey DO NOTHING
RETURNING kind, value

-- name: delete_identifiers
DELETE FROM lead_identifiers
 WHERE lead_id = ANY ($1)

-- name: lock_leads
-- In the order of ids, so that processors and routers take turns. `xmin` is the transaction that wrote a row as it is now, after the
-- wait; of other tables this statement would show what was before.
SELECT l.id, l.xmin AS written_by
  FROM leads l
 WHERE l.id = ANY ((SELECT $1::uuid[])::uuid[])
 ORDER BY l.id
   FOR NO KEY UPDATE

-- name: list_standing_writers
-- Which transaction wrote each standing as it is now.
SELECT s.lead_id, s.xmin AS written_by
  FROM lead_standings s
 WHERE s.lead_id = ANY ((SELECT $1::uuid[])::uuid[])

-- name: list_leads
SELECT l.id, l.email, l.phone, l.linkedin_url, l.first_name, l.last_name, l.company, l.job_title, l.country, l.language,
       l.source, l.campaign, l.custom, l.provenance, l.lifecycle, l.suppressed, l.pipeline_id, l.stage_id, l.deal_id, l.owner_id, l.routed_at,
       CASE WHEN l.conflict_task_id IS NOT NULL THEN (
         SELECT jsonb_build_object('task', t.id, 'winner', l.conflict_winner,
                                   'closed_at', CASE WHEN t.status <> 'open' THEN COALESCE(t.completed_at, t.updated_at) END)
           FROM tasks t WHERE t.id = l.conflict_task_id
       ) END AS question, l.xmin AS written_by, s.xmin AS standing_written_by,
       -- Few have one: a join would ask for everybody's.
       CASE WHEN l.organization_id IS NOT NULL THEN (
         SELECT jsonb_build_object('name', o.name, 'domain', o.domain, 'country', o.country, 'industry', o.industry, 'size', o.size) || o.custom
           FROM organizations o WHERE o.id = l.organization_id
       ) END AS organization,
       s.rule_set_version, s.demographic, s.engagement, s.behavior, s.total_score, s.tier, s.intents, s.primary_intent,
       s.intent_confidence, s.conflict, s.next_expiry_at, s.first_seen_at, s.last_activity_at, s.counted
  FROM leads l
  LEFT JOIN lead_standings s ON s.lead_id = l.id
 WHERE l.id = ANY ((SELECT $1::uuid[])::uuid[])
 ORDER BY l.id

-- name: list_awards
SELECT lead_id, rule_id, rule_version, event_id, category, points, awarded_at, expires_at
  FROM score_history
 WHERE lead_id = ANY ((SELECT $1::uuid[])::uuid[]) AND withdrawn_at IS NULL

-- name: list_signals
SELECT lead_id, rule_id, rule_version, event_id, intent, weight, signalled_at, expires_at
  FROM intent_signals
 WHERE lead_id = ANY ((SELECT $1::uuid[])::uuid[]) AND withdrawn_at IS NULL

-- name: list_events
SELECT lead_id, id, event_type, source, occurred_at, received_at, external_id, identifiers, profile, campaign, metadata
  FROM events
 WHERE lead_id = ANY ((SELECT $1::uuid[])::uuid[])

-- name: insert_leads
-- The search codes of all leads lie one lead after the other; each lead's part of them is its own.
INSERT INTO leads (id, tenant_id, email, phone, linkedin_url, first_name, last_name, company, job_title, country, language,
                   source, campaign, custom, provenance, search_text, search_codes, created_at, updated_at)
SELECT u.id, $1, u.email, u.phone, u.linkedin_url, u.first_name, u.last_name, u.company, u.job_title, u.country, u.language,
       u.source, u.campaign, u.custom, u.provenance, u.search_text, ($19)[u.first_code : u.last_code], $20, $20
  FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
       AS u (id, email, phone, linkedin_url, first_name, last_name, company, job_title, country, language, source, campaign,
             custom, provenance, search_text, first_code, last_code)

-- name: update_profiles
UPDATE leads l
   SET email = u.email, phone = u.phone, linkedin_url = u.linkedin_url, first_name = u.first_name, last_name = u.last_name,
       company = u.company, job_title = u.job_title, country = u.country, language = u.language, source = u.source,
       campaign = u.campaign, custom = u.custom, provenance = u.provenance, search_text = u.search_text,
       search_codes = ($18)[u.first_code : u.last_code], updated_at = $19, version = l.version + 1
  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
       AS u (id, email, phone, linkedin_url, first_name, last_name, company, job_title, country, language, source, campaign,
             custom, provenance, search_text, first_code, last_code)
 WHERE l.id = u.id

-- name: insert_events
INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers, profile, campaign, metadata)
SELECT u.id, $1, u.lead_id, u.event_type, u.source, u.occurred_at, u.received_at, u.external_id, u.identifiers, u.profile, u.campaign, u.metadata
  FROM (SELECT unnest($2) AS id, unnest($3) AS lead_id, unnest($4) AS event_type, unnest($5) AS source, unnest($6) AS occurred_at,
               unnest($7) AS received_at, unnest($8) AS external_id, unnest($9) AS identifiers, unnest($10) AS profile,
               unnest($11) AS campaign, unnest($12) AS metadata) u

-- name: insert_awards
INSERT INTO score_history (tenant_id, lead_id, rule_id, rule_version, event_id, category, points, awarded_at, expires_at)
SELECT $1, u.lead_id, u.rule_id, u.rule_version, u.event_id, u.category, u.points, u.awarded_at, u.expires_at
  FROM (SELECT unnest($2) AS lead_id, unnest($3) AS rule_id, unnest($4) AS rule_version, unnest($5) AS event_id,
               unnest($6) AS category, unnest($7) AS points, unnest($8) AS awarded_at, unnest($9) AS expires_at) u

-- name: take_back_events
DELETE FROM events e
 USING unnest($1, $2) AS u (lead_id, event_id)
 WHERE e.lead_id = u.lead_id AND e.id = u.event_id

-- name: take_back_awards
DELETE FROM score_history h
 USING unnest($1, $2) AS u (lead_id, event_id)
 -- The first condition is what the index answers.
 WHERE h.lead_id = ANY ((SELECT $1::uuid[])::uuid[]) AND h.lead_id = u.lead_id AND h.event_id = u.event_id AND h.withdrawn_at IS NULL

-- name: take_back_signals
DELETE FROM intent_signals h
 USING unnest($1, $2) AS u (lead_id, event_id)
 WHERE h.lead_id = ANY ((SELECT $1::uuid[])::uuid[]) AND h.lead_id = u.lead_id AND h.event_id = u.event_id AND h.withdrawn_at IS NULL

-- name: withdraw_awards
UPDATE score_history h
   SET withdrawn_at = $4, withdrawn_reason = 'recounted'
  FROM unnest($1, $2, $3) AS u (lead_id, rule_id, event_id)
 -- The first condition is what the index answers.
 WHERE h.lead_id = ANY ($1) AND h.lead_id = u.lead_id AND h.rule_id = u.rule_id AND h.event_id IS NOT DISTINCT FROM u.event_id AND h.withdrawn_at IS NULL

-- name: insert_signals
INSERT INTO intent_signals (tenant_id, lead_id, rule_id, rule_version, event_id, intent, weight, signalled_at, expires_at)
SELECT $1, u.lead_id, u.rule_id, u.rule_version, u.event_id, u.intent, u.weight, u.signalled_at, u.expires_at
  FROM (SELECT unnest($2) AS lead_id, unnest($3) AS rule_id, unnest($4) AS rule_version, unnest($5) AS event_id,
               unnest($6) AS intent, unnest($7) AS weight, unnest($8) AS signalled_at, unnest($9) AS expires_at) u

-- name: withdraw_signals
UPDATE intent_signals h
   SET withdrawn_at = $4, withdrawn_reason = 'recounted'
  FROM unnest($1, $2, $3) AS u (lead_id, rule_id, event_id)
 -- The first condition is what the index answers.
 WHERE h.lead_id = ANY ($1) AND h.lead_id = u.lead_id AND h.rule_id = u.rule_id AND h.event_id IS NOT DISTINCT FROM u.event_id AND h.withdrawn_at IS NULL

-- name: update_standings
-- Of leads that had a standing when their lock was taken.
UPDATE lead_standings s
   SET demographic = u.demographic, engagement = u.engagement, behavior = u.behavior, total_score = u.total_score, tier = u.tier,
       intents = u.intents, primary_intent = u.primary_intent, intent_confidence = u.intent_confidence, conflict = u.conflict,
       next_expiry_at = u.next_expiry_at, first_seen_at = u.first_seen_at, last_activity_at = u.last_activity_at,
       counted = u.counted, rule_set_version = $15, evaluated_at = $16
  FROM (SELECT unnest($1) AS lead_id, unnest($2) AS demographic, unnest($3) AS engagement, unnest($4) AS behavior,
               unnest($5) AS total_score, unnest($6) AS tier, unnest($7) AS intents, unnest($8) AS primary_intent,
               unnest($9) AS intent_confidence, unnest($10) AS conflict, unnest($11) AS next_expiry_at,
               unnest($12) AS first_seen_at, unnest($13) AS last_activity_at, unnest($14) AS counted) u
 WHERE s.lead_id = u.lead_id

-- name: save_standings
-- Of leads that had none, or of which that is not known.
INSERT INTO lead_standings (lead_id, tenant_id, demographic, engagement, behavior, total_score, tier, intents, primary_intent,
                            intent_confidence, conflict, next_expiry_at, first_seen_at, last_activity_at, counted, rule_set_version, evaluated_at)
SELECT u.lead_id, $1, u.demographic, u.engagement, u.behavior, u.total_score, u.tier, u.intents, u.primary_intent,
       u.intent_confidence, u.conflict, u.next_expiry_at, u.first_seen_at, u.last_activity_at, u.counted, $16, $17
  FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
       AS u (lead_id, demographic, engagement, behavior, total_score, tier, intents, primary_intent, intent_confidence, conflict,
             next_expiry_at, first_seen_at, last_activity_at, counted)
ON CONFLICT ON CONSTRAINT lead_standings_pkey
DO UPDATE SET demographic = EXCLUDED.demographic, engagement = EXCLUDED.engagement, behavior = EXCLUDED.behavior,
              total_score = EXCLUDED.total_score, tier = EXCLUDED.tier, intents = EXCLUDED.intents,
              primary_intent = EXCLUDED.primary_intent, intent_confidence = EXCLUDED.intent_confidence,
              conflict = EXCLUDED.conflict, next_expiry_at = EXCLUDED.next_expiry_at, first_seen_at = EXCLUDED.first_seen_at,
              last_activity_at = EXCLUDED.last_activity_at, counted = EXCLUDED.counted, rule_set_version = EXCLUDED.rule_set_version,
              evaluated_at = EXCLUDED.evaluated_at

-- name: insert_suspicions
INSERT INTO duplicate_suspicions (tenant_id, lead_id, other_lead_id, event_id, created_at)
SELECT $1, u.lead_id, u.other_lead_id, u.event_id, $5
  FROM unnest($2, $3, $4) AS u (lead_id, other_lead_id, event_id)
 ORDER BY u.lead_id, u.other_lead_id
ON CONFLICT ON CONSTRAINT duplicate_suspicions_pkey DO NOTHING

-- name: claim_alerts
-- At most one alert per lead and tier in 24 hours.
INSERT INTO tier_alerts AS a (tenant_id, lead_id, tier, alerted_at)
SELECT $1, u.lead_id, u.tier, $4
  FROM unnest($2, $3) AS u (lead_id, tier)
ON CONFLICT ON CONSTRAINT tier_alerts_pkey
DO UPDATE SET alerted_at = EXCLUDED.alerted_at WHERE a.alerted_at <= EXCLUDED.alerted_at - interval '24 hours'
RETURNING lead_id, tier

-- name: list_expiring
-- Leads whose standing is out of date because something expired; as many as one round works on.
SELECT lead_id
  FROM lead_standings
 WHERE next_expiry_at <= $1
 ORDER BY next_expiry_at
 LIMIT $2

-- name: hold_rules
-- Which rules are in force. Until this transaction ends, the last step of a walk through all leads waits for it: what is being worked out
-- with the rules before is seen by that step then. (Who comes while that step is under way reads here what was published before it.)
SELECT t.rule_set_version
  FROM tenants t, pg_advisory_xact_lock_shared(hashtextextended('rules:' || $1::uuid::text, 0))
 WHERE t.id = $1::uuid

-- name: await_holders_of_rules
SELECT pg_advisory_xact_lock(hashtextextended('rules:' || $1::uuid::text, 0))

-- name: list_leads_behind
-- Leads that were evaluated with older rules last. Once per publication, and then once more for each chunk that was found: no index.
SELECT lead_id
  FROM lead_standings
 WHERE rule_set_version < $1
 LIMIT $2

-- name: list_leads_after
SELECT id
  FROM leads
 WHERE id > $1
 ORDER BY id
 LIMIT $2
