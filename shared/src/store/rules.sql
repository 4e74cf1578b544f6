-- name: get_version
SELECT snapshot
  FROM rule_set_versions
 WHERE version = $1

-- name: lock_tenant
-- Only locks: this statement's snapshot is from before the wait. Every insert holds a key share lock of its tenant, which the stronger
-- FOR UPDATE would wait for: two publications, each with a new rule behind it, would then wait for each other.
SELECT
  FROM tenants
 WHERE id = $1
   FOR NO KEY UPDATE

-- name: draft
-- The whole configuration in the shape of domain::engine::RuleSetData.
SELECT jsonb_build_object(
         'version', t.rule_set_version + 1,
         'scoring_rules', COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
                    'id', r.id, 'version', r.version, 'slug', r.slug, 'name', r.name, 'description', COALESCE(r.description, ''),
                    'rule_type', r.rule_type, 'category', r.category, 'conditions', r.conditions, 'points', r.points,
                    'max_per_day', r.max_per_day, 'max_per_lead', r.max_per_lead, 'expires_after_days', r.expires_after_days,
                    'is_active', r.active) ORDER BY r.created_at, r.id)
             FROM scoring_rules r), '[]'),
         'tiers', s.tiers,
         'intents', to_jsonb(s.intents),
         'intent_rules', COALESCE((
           SELECT jsonb_agg(jsonb_build_object(
                    'id', i.id, 'version', i.version, 'slug', i.slug, 'intent', i.intent, 'conditions', i.conditions,
                    'weight', i.weight, 'max_per_lead', i.max_per_lead, 'expires_after_days', i.expires_after_days,
                    'is_active', i.active) ORDER BY i.created_at, i.id)
             FROM intent_rules i), '[]'),
         'intent_settings', jsonb_build_object(
           'prior', s.intent_prior, 'conflict_margin', s.conflict_margin, 'conflict_min_confidence', s.conflict_min_confidence),
         'routing', jsonb_build_object(
           'min_score', s.min_score, 'min_confidence', s.min_confidence, 'discovery_after_days', s.discovery_after_days,
           'follow_up_working_days', s.follow_up_working_days,
           'pipelines', COALESCE((
             SELECT jsonb_object_agg(p.intent, p.id) FROM pipelines p WHERE p.intent IS NOT NULL AND p.archived_at IS NULL), '{}'),
           'discovery_pipeline', (
             SELECT p.id FROM pipelines p WHERE p.slug = 'discovery' AND p.archived_at IS NULL))
       ) AS snapshot
  FROM tenants t
  JOIN engine_settings s ON s.tenant_id = t.id
 WHERE t.id = $1

-- name: publish
WITH published AS (
  INSERT INTO rule_set_versions (tenant_id, version, snapshot, published_at, published_by)
  VALUES ($1, $2, $3, $4, $5)
)
UPDATE tenants
   SET rule_set_version = $2
 WHERE id = $1
