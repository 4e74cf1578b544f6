-- name: create
SELECT lotse.create_tenant($1, $2, $3, $4, $5, $6)

-- name: rename
-- The country stays: telephone numbers are stored by it.
UPDATE tenants
   SET name = $2, zone = COALESCE($3, zone), language = COALESCE($4, language), updated_at = now(), version = version + 1
 WHERE id = $1
   AND (name, zone, language) IS DISTINCT FROM ($2, COALESCE($3, zone), COALESCE($4, language))

-- name: get
SELECT slug, name, zone, language, default_country, currency
  FROM tenants
 WHERE id = $1

-- name: insert_scoring_rules
INSERT INTO scoring_rules (id, tenant_id, slug, name, description, rule_type, category, conditions, points, max_per_day,
                           max_per_lead, expires_after_days, active, created_at, updated_at)
SELECT r.id, $1, r.slug, r.name, NULLIF(r.description, ''), r.rule_type, r.category, r.conditions, r.points, r.max_per_day,
       r.max_per_lead, r.expires_after_days, r.is_active, $3, $3
  FROM jsonb_to_recordset($2) AS r (id uuid, slug text, name text, description text, rule_type text, category text,
       conditions jsonb, points integer, max_per_day integer, max_per_lead integer, expires_after_days integer, is_active boolean)
ON CONFLICT ON CONSTRAINT scoring_rules_slug_key DO NOTHING

-- name: insert_intent_rules
INSERT INTO intent_rules (id, tenant_id, slug, intent, conditions, weight, max_per_lead, expires_after_days, active, created_at, updated_at)
SELECT r.id, $1, r.slug, r.intent, r.conditions, r.weight, r.max_per_lead, r.expires_after_days, r.is_active, $3, $3
  FROM jsonb_to_recordset($2) AS r (id uuid, slug text, intent text, conditions jsonb, weight integer, max_per_lead integer,
       expires_after_days integer, is_active boolean)
ON CONFLICT ON CONSTRAINT intent_rules_slug_key DO NOTHING

-- name: insert_pipelines
INSERT INTO pipelines (id, tenant_id, slug, name, intent, expected_value_minor, currency, position, created_at, updated_at)
SELECT p.id, $1, p.slug, p.name, p.intent, p.expected_value_minor, p.currency, p.position, $3, $3
  FROM jsonb_to_recordset($2) AS p (id uuid, slug text, name text, intent text, expected_value_minor bigint, currency text, position integer)
ON CONFLICT ON CONSTRAINT pipelines_slug_key DO NOTHING

-- name: insert_stages
-- Only for pipelines that were new just now: the others have the stages people gave them.
INSERT INTO stages (id, tenant_id, pipeline_id, position, name, color, icon, probability, won, lost)
SELECT s.id, $1, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.is_won, s.is_lost
  FROM jsonb_to_recordset($2) AS s (id uuid, pipeline_id uuid, position integer, name text, color text, icon text,
       probability integer, is_won boolean, is_lost boolean)
  JOIN pipelines p ON p.id = s.pipeline_id

-- name: insert_settings
INSERT INTO engine_settings (tenant_id, tiers, intents, intent_prior, conflict_margin, conflict_min_confidence,
                             min_score, min_confidence, discovery_after_days, follow_up_working_days)
SELECT $1, $2, $3, i.prior, i.conflict_margin, i.conflict_min_confidence,
       r.min_score, r.min_confidence, r.discovery_after_days, r.follow_up_working_days
  FROM jsonb_to_record($4) AS i (prior integer, conflict_margin numeric, conflict_min_confidence numeric),
       jsonb_to_record($5) AS r (min_score integer, min_confidence numeric, discovery_after_days integer, follow_up_working_days integer)
ON CONFLICT ON CONSTRAINT engine_settings_pkey DO NOTHING

-- name: upsert_members
-- One who is as described already stays as they are.
INSERT INTO team_members AS t (id, tenant_id, email, name, role, capacity, slack_user_id, lead_of_team, created_at, updated_at)
SELECT m.id, $1, lower(m.email), m.name, m.role, m.capacity, m.slack_user_id, m.lead_of_team, $3, $3
  FROM jsonb_to_recordset($2) AS m (id uuid, email text, name text, role text, capacity integer, slack_user_id text, lead_of_team boolean)
ON CONFLICT ON CONSTRAINT team_members_email_key
DO UPDATE SET name = EXCLUDED.name, role = EXCLUDED.role, capacity = EXCLUDED.capacity, slack_user_id = EXCLUDED.slack_user_id,
              lead_of_team = EXCLUDED.lead_of_team, updated_at = EXCLUDED.updated_at, version = t.version + 1
        WHERE (t.name, t.role, t.capacity, t.slack_user_id, t.lead_of_team)
              IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.role, EXCLUDED.capacity, EXCLUDED.slack_user_id, EXCLUDED.lead_of_team)

-- name: insert_member_pipelines
INSERT INTO team_member_pipelines (tenant_id, member_id, pipeline_id)
SELECT $1, t.id, p.id
  FROM jsonb_to_recordset($2) AS m (email text, pipelines jsonb)
  JOIN team_members t ON t.email = lower(m.email)
  JOIN pipelines p ON m.pipelines ? p.slug OR m.pipelines ? '*'
ON CONFLICT ON CONSTRAINT team_member_pipelines_pkey DO NOTHING

-- name: upsert_api_key
INSERT INTO api_keys (id, tenant_id, source, name, key_hash, scopes, requests_per_minute, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT api_keys_key_hash_key
DO UPDATE SET scopes = EXCLUDED.scopes, requests_per_minute = EXCLUDED.requests_per_minute

-- name: list_key_names
SELECT source, name
  FROM api_keys
 WHERE revoked_at IS NULL

-- name: lock_webhook_source
SELECT token_hash, secret, previous_secret, previous_secret_until
  FROM webhook_sources
 WHERE source = $1
   FOR UPDATE

-- name: upsert_webhook_source
INSERT INTO webhook_sources AS w (id, tenant_id, source, token_hash, secret, previous_secret, previous_secret_until, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT webhook_sources_source_key
DO UPDATE SET token_hash = EXCLUDED.token_hash, secret = EXCLUDED.secret, previous_secret = EXCLUDED.previous_secret,
              previous_secret_until = EXCLUDED.previous_secret_until, active = true

-- name: end_rotations
SELECT lotse.end_rotations($1)

-- name: upsert_integration
INSERT INTO integrations AS i (tenant_id, name, settings, secret, updated_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT integrations_pkey
DO UPDATE SET settings = EXCLUDED.settings, secret = COALESCE(EXCLUDED.secret, i.secret), updated_at = EXCLUDED.updated_at,
              -- Tried anew: what was held back goes on with the next run of `effects-reconcile`.
              down_since = NULL
