-- Pipelines, organisations, leads with their identifiers, and what the engine derives of them.

CREATE TABLE pipelines (
  id uuid CONSTRAINT pipelines_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT pipelines_tenant_fkey REFERENCES tenants,
  slug text NOT NULL,
  name text NOT NULL,
  intent text,
  expected_value_minor bigint NOT NULL DEFAULT 0 CONSTRAINT pipelines_value_check CHECK (expected_value_minor >= 0),
  currency text NOT NULL DEFAULT 'EUR',
  position integer NOT NULL,
  slack_channel text,
  archived_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pipelines_slug_key UNIQUE (tenant_id, slug)
);
-- An intent leads to one pipeline.
CREATE UNIQUE INDEX pipelines_intent_key ON pipelines (tenant_id, intent) WHERE intent IS NOT NULL AND archived_at IS NULL;

CREATE TABLE stages (
  id uuid CONSTRAINT stages_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT stages_tenant_fkey REFERENCES tenants,
  pipeline_id uuid NOT NULL CONSTRAINT stages_pipeline_fkey REFERENCES pipelines,
  position integer NOT NULL,
  name text NOT NULL,
  color text NOT NULL CONSTRAINT stages_color_check CHECK (color ~ '^#[0-9A-Fa-f]{6}$'),
  icon text NOT NULL,
  probability integer NOT NULL CONSTRAINT stages_probability_check CHECK (probability BETWEEN 0 AND 100),
  won boolean NOT NULL DEFAULT false,
  lost boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  CONSTRAINT stages_outcome_check CHECK (NOT (won AND lost)),
  CONSTRAINT stages_position_key UNIQUE (pipeline_id, position) DEFERRABLE INITIALLY IMMEDIATE
);

-- Which pipelines a member serves.
CREATE TABLE team_member_pipelines (
  tenant_id uuid NOT NULL CONSTRAINT team_member_pipelines_tenant_fkey REFERENCES tenants,
  member_id uuid NOT NULL CONSTRAINT team_member_pipelines_member_fkey REFERENCES team_members ON DELETE CASCADE,
  pipeline_id uuid NOT NULL CONSTRAINT team_member_pipelines_pipeline_fkey REFERENCES pipelines ON DELETE CASCADE,
  CONSTRAINT team_member_pipelines_pkey PRIMARY KEY (pipeline_id, member_id)
);
CREATE INDEX team_member_pipelines_member_idx ON team_member_pipelines (member_id);

CREATE TABLE organizations (
  id uuid CONSTRAINT organizations_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT organizations_tenant_fkey REFERENCES tenants,
  name text NOT NULL,
  domain text,
  country text,
  industry text,
  size integer,
  custom jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX organizations_domain_key ON organizations (tenant_id, domain) WHERE domain IS NOT NULL;
CREATE INDEX organizations_created_at_idx ON organizations (tenant_id, created_at DESC, id);

-- Tables of the hot path do not refer to tenants: row security lets in only rows of a tenant that was entered, and that exists.
--
-- What is known of a person and what people decided; changes rarely. Everything the engine derives is in lead_standings,
-- which changes with every event: so an event does not touch the search indexes here.
CREATE TABLE leads (
  id uuid CONSTRAINT leads_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  email text,
  phone text,
  linkedin_url text,
  first_name text,
  last_name text,
  company text,
  organization_id uuid CONSTRAINT leads_organization_fkey REFERENCES organizations,
  job_title text,
  country text,
  language text,
  tags text[] NOT NULL DEFAULT '{}',
  custom jsonb NOT NULL DEFAULT '{}',
  -- Per field: the event, person or partner its value comes from (domain::profile::Provenance).
  provenance jsonb NOT NULL DEFAULT '{}',
  source text,
  campaign text,
  -- Null while the machine's tier decides: new, engaged or qualified.
  lifecycle text CONSTRAINT leads_lifecycle_check CHECK (lifecycle IN ('routed', 'customer', 'lost', 'anonymized')),
  suppressed boolean NOT NULL DEFAULT false,
  pipeline_id uuid CONSTRAINT leads_pipeline_fkey REFERENCES pipelines,
  stage_id uuid CONSTRAINT leads_stage_fkey REFERENCES stages,
  deal_id uuid,
  owner_id uuid CONSTRAINT leads_owner_fkey REFERENCES team_members,
  routed_at timestamptz,
  -- Set while a person has to choose between two intents.
  conflict_task_id uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 85);
CREATE INDEX leads_created_at_idx ON leads (tenant_id, created_at DESC, id DESC);
CREATE INDEX leads_owner_idx ON leads (owner_id, created_at DESC) WHERE owner_id IS NOT NULL;
CREATE INDEX leads_pipeline_idx ON leads (pipeline_id, created_at DESC) WHERE pipeline_id IS NOT NULL;
CREATE INDEX leads_tags_idx ON leads USING gin (tags) WHERE tags <> '{}';
-- What `q` looks in: name, e-mail and company together.
CREATE FUNCTION lotse.lead_search_text(p_first text, p_last text, p_email text, p_company text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT lower(coalesce(p_first, '') || ' ' || coalesce(p_last, '') || ' ' || coalesce(p_email, '') || ' ' || coalesce(p_company, '')) $$;

-- Who is who. The primary key is the rule: a value belongs to one lead. No foreign key: whoever writes here made the lead in the same
-- transaction or locks it before the commit, and leads-delete removes the rows.
CREATE TABLE lead_identifiers (
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  lead_id uuid NOT NULL,
  CONSTRAINT lead_identifiers_pkey PRIMARY KEY (tenant_id, kind, value)
);
-- With the tenant, or a database without statistics combines this with the tenant's part of the primary key.
CREATE INDEX lead_identifiers_lead_idx ON lead_identifiers (lead_id, tenant_id, kind);

CREATE TABLE duplicate_suspicions (
  tenant_id uuid NOT NULL CONSTRAINT duplicate_suspicions_tenant_fkey REFERENCES tenants,
  lead_id uuid NOT NULL CONSTRAINT duplicate_suspicions_lead_fkey REFERENCES leads ON DELETE CASCADE,
  other_lead_id uuid NOT NULL CONSTRAINT duplicate_suspicions_other_fkey REFERENCES leads ON DELETE CASCADE,
  event_id uuid,
  status text NOT NULL DEFAULT 'open' CONSTRAINT duplicate_suspicions_status_check CHECK (status IN ('open', 'merged', 'dismissed')),
  created_at timestamptz NOT NULL,
  CONSTRAINT duplicate_suspicions_pkey PRIMARY KEY (tenant_id, lead_id, other_lead_id),
  CONSTRAINT duplicate_suspicions_order_check CHECK (lead_id < other_lead_id)
);
CREATE INDEX duplicate_suspicions_other_idx ON duplicate_suspicions (other_lead_id);

-- Derived by the engine from the event log and the rules; can be dropped and rebuilt. Without a foreign key like the log: written under
-- the lead's lock, removed by leads-delete.
CREATE TABLE lead_standings (
  lead_id uuid CONSTRAINT lead_standings_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  demographic integer NOT NULL DEFAULT 0,
  engagement integer NOT NULL DEFAULT 0,
  behavior integer NOT NULL DEFAULT 0,
  total_score integer NOT NULL DEFAULT 0,
  tier text NOT NULL DEFAULT 'cold',
  -- Every intent in the tenant's order: [{intent, weight, confidence}].
  intents jsonb NOT NULL DEFAULT '[]',
  primary_intent text,
  -- Tenths of a percent, 0 to 1000: exact, so that rebuilding compares equal.
  intent_confidence integer NOT NULL DEFAULT 0,
  conflict boolean NOT NULL DEFAULT false,
  next_expiry_at timestamptz,
  first_seen_at timestamptz,
  last_activity_at timestamptz,
  rule_set_version integer NOT NULL DEFAULT 0,
  evaluated_at timestamptz NOT NULL,
  CONSTRAINT lead_standings_total_check CHECK (total_score = GREATEST(0, demographic + engagement + behavior))
) WITH (fillfactor = 80);
CREATE INDEX lead_standings_score_idx ON lead_standings (tenant_id, total_score DESC, lead_id DESC);
CREATE INDEX lead_standings_activity_idx ON lead_standings (tenant_id, last_activity_at DESC NULLS LAST, lead_id DESC);
CREATE INDEX lead_standings_expiry_idx ON lead_standings (tenant_id, next_expiry_at) WHERE next_expiry_at IS NOT NULL;

-- The last alert per lead and tier: at most one in 24 hours.
CREATE TABLE tier_alerts (
  tenant_id uuid NOT NULL,
  lead_id uuid NOT NULL CONSTRAINT tier_alerts_lead_fkey REFERENCES leads ON DELETE CASCADE,
  tier text NOT NULL,
  alerted_at timestamptz NOT NULL,
  CONSTRAINT tier_alerts_pkey PRIMARY KEY (lead_id, tier)
);
