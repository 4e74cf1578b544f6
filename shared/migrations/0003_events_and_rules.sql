-- The event log, the inbox of what could not be processed, the rules and what they award.

-- Decides whether an event is new: the key is a hash over (tenant, source, external id). A partitioned table cannot hold
-- this constraint, since the same event may arrive again with another moment.
CREATE TABLE event_keys (
  key uuid CONSTRAINT event_keys_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  event_id uuid NOT NULL
);

-- What happened, as received: the only truth that scores, intent and routing derive from.
CREATE TABLE events (
  id uuid NOT NULL,
  tenant_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  event_type text NOT NULL,
  source text NOT NULL,
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  external_id text NOT NULL,
  identifiers jsonb NOT NULL,
  profile jsonb,
  campaign jsonb,
  metadata jsonb,
  CONSTRAINT events_pkey PRIMARY KEY (lead_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;

-- Makes the partitions of the months from `p_from` on, `p_months` of them. Rows that already wait in the default partition
-- move into the new one, so that making a month late loses nothing. Answers with the names of those it made.
CREATE FUNCTION lotse.ensure_event_partitions(p_from date, p_months integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_month date;
  v_name text;
BEGIN
  FOR v_month IN SELECT (date_trunc('month', p_from) + n * interval '1 month')::date FROM generate_series(0, p_months - 1) n LOOP
    v_name := 'events_' || to_char(v_month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('public.' || v_name) IS NOT NULL;
    LOCK TABLE events IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
    EXECUTE format(
      'WITH moved AS (DELETE FROM events_default WHERE occurred_at >= %L AND occurred_at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
      v_month::timestamp AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC', v_name);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      v_name, v_month::timestamp AT TIME ZONE 'UTC', (v_month + interval '1 month') AT TIME ZONE 'UTC');
    RETURN NEXT v_name;
  END LOOP;
END
$$;

-- For /health: rows in the default partition, and whether the coming months have a partition.
CREATE FUNCTION lotse.event_partition_report(p_from date, p_months integer)
RETURNS TABLE (default_rows bigint, missing text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT (SELECT count(*) FROM (SELECT FROM events_default LIMIT 10000) d),
         ARRAY(SELECT to_char(m, 'YYYY-MM')
                 FROM generate_series(date_trunc('month', p_from), date_trunc('month', p_from) + (p_months - 1) * interval '1 month', '1 month') m
                WHERE to_regclass('public.events_' || to_char(m, 'YYYY_MM')) IS NULL
                ORDER BY m)
$$;

-- Deliveries that could not be processed: badly signed, of unknown shape, or dead letters. Raw, with the reason; never dropped.
CREATE TABLE inbox (
  id uuid CONSTRAINT inbox_pkey PRIMARY KEY,
  -- Null when it is not known whose it is (an unknown token).
  tenant_id uuid,
  kind text NOT NULL CONSTRAINT inbox_kind_check CHECK (kind IN ('quarantine', 'dead_letter')),
  source text NOT NULL,
  queue text,
  reason text NOT NULL,
  detail text NOT NULL,
  body text NOT NULL,
  headers jsonb NOT NULL DEFAULT '{}',
  received_at timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'open' CONSTRAINT inbox_status_check CHECK (status IN ('open', 'replayed', 'discarded')),
  replayed_at timestamptz,
  replays integer NOT NULL DEFAULT 0
);
CREATE INDEX inbox_tenant_idx ON inbox (tenant_id, received_at DESC, id DESC);
CREATE INDEX inbox_open_idx ON inbox (tenant_id, source, received_at) WHERE status = 'open';

-- Parks a delivery, also one without a tenant. The id is the delivery's own, so parking it twice is harmless.
CREATE FUNCTION lotse.park(
  p_ids uuid[], p_tenants uuid[], p_kinds text[], p_sources text[], p_queues text[], p_reasons text[], p_details text[],
  p_bodies text[], p_headers jsonb[], p_received timestamptz[]
) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH parked AS (
    INSERT INTO inbox AS i (id, tenant_id, kind, source, queue, reason, detail, body, headers, received_at)
    SELECT u.* FROM unnest(p_ids, p_tenants, p_kinds, p_sources, p_queues, p_reasons, p_details, p_bodies, p_headers, p_received) u
    ON CONFLICT ON CONSTRAINT inbox_pkey
    -- It was replayed and failed again: it is open again, with today's reason.
    DO UPDATE SET status = 'open', reason = EXCLUDED.reason, detail = EXCLUDED.detail WHERE i.status = 'replayed'
    RETURNING 1
  )
  SELECT count(*)::integer FROM parked
$$;

CREATE TABLE scoring_rules (
  id uuid CONSTRAINT scoring_rules_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT scoring_rules_tenant_fkey REFERENCES tenants,
  slug text NOT NULL,
  name text NOT NULL,
  description text,
  rule_type text NOT NULL CONSTRAINT scoring_rules_type_check CHECK (rule_type IN ('event', 'profile')),
  category text NOT NULL CONSTRAINT scoring_rules_category_check CHECK (category IN ('demographic', 'engagement', 'behavior')),
  conditions jsonb NOT NULL,
  points integer NOT NULL CONSTRAINT scoring_rules_points_check CHECK (points BETWEEN -1000 AND 1000),
  max_per_day integer CONSTRAINT scoring_rules_day_check CHECK (max_per_day > 0),
  max_per_lead integer CONSTRAINT scoring_rules_lead_check CHECK (max_per_lead > 0),
  -- Null: never.
  expires_after_days integer CONSTRAINT scoring_rules_expiry_check CHECK (expires_after_days > 0),
  active boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT scoring_rules_slug_key UNIQUE (tenant_id, slug)
);
CREATE INDEX scoring_rules_list_idx ON scoring_rules (tenant_id, created_at, id);

CREATE TABLE intent_rules (
  id uuid CONSTRAINT intent_rules_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT intent_rules_tenant_fkey REFERENCES tenants,
  slug text NOT NULL,
  intent text NOT NULL,
  conditions jsonb NOT NULL,
  weight integer NOT NULL CONSTRAINT intent_rules_weight_check CHECK (weight BETWEEN 1 AND 100),
  max_per_lead integer CONSTRAINT intent_rules_lead_check CHECK (max_per_lead > 0),
  expires_after_days integer CONSTRAINT intent_rules_expiry_check CHECK (expires_after_days > 0),
  active boolean NOT NULL DEFAULT true,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT intent_rules_slug_key UNIQUE (tenant_id, slug)
);

-- Everything about scoring and routing that is neither a rule nor a pipeline: tiers, thresholds, the order of intents.
CREATE TABLE engine_settings (
  tenant_id uuid CONSTRAINT engine_settings_pkey PRIMARY KEY CONSTRAINT engine_settings_tenant_fkey REFERENCES tenants,
  tiers jsonb NOT NULL,
  intents text[] NOT NULL,
  intent_prior integer NOT NULL CONSTRAINT engine_settings_prior_check CHECK (intent_prior >= 0),
  conflict_margin numeric(4,1) NOT NULL,
  conflict_min_confidence numeric(4,1) NOT NULL,
  min_score integer NOT NULL,
  min_confidence numeric(4,1) NOT NULL,
  discovery_after_days integer CONSTRAINT engine_settings_discovery_check CHECK (discovery_after_days > 0),
  follow_up_working_days integer NOT NULL CONSTRAINT engine_settings_follow_up_check CHECK (follow_up_working_days > 0),
  version bigint NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Every published state of the rules, whole: decisions and replays name the version they used.
CREATE TABLE rule_set_versions (
  tenant_id uuid NOT NULL CONSTRAINT rule_set_versions_tenant_fkey REFERENCES tenants,
  version integer NOT NULL,
  snapshot jsonb NOT NULL,
  published_at timestamptz NOT NULL,
  published_by text NOT NULL,
  CONSTRAINT rule_set_versions_pkey PRIMARY KEY (tenant_id, version)
);

-- The awards. A row is never deleted: what a late event displaced, or a profile no longer fulfils, is withdrawn.
CREATE TABLE score_history (
  tenant_id uuid NOT NULL,
  -- Like events without a foreign key: the event path holds the lead's lock when it writes here, and leads-delete removes the rows.
  lead_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  -- Null for a profile rule.
  event_id uuid,
  rule_version integer NOT NULL,
  category text NOT NULL,
  points integer NOT NULL,
  awarded_at timestamptz NOT NULL,
  expires_at timestamptz,
  withdrawn_at timestamptz,
  withdrawn_reason text
);
CREATE UNIQUE INDEX score_history_counted_key ON score_history (lead_id, rule_id, event_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;
CREATE INDEX score_history_withdrawn_idx ON score_history (lead_id) WHERE withdrawn_at IS NOT NULL;

CREATE TABLE intent_signals (
  tenant_id uuid NOT NULL,
  lead_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  event_id uuid,
  rule_version integer NOT NULL,
  intent text NOT NULL,
  weight integer NOT NULL,
  signalled_at timestamptz NOT NULL,
  expires_at timestamptz,
  withdrawn_at timestamptz,
  withdrawn_reason text
);
CREATE UNIQUE INDEX intent_signals_counted_key ON intent_signals (lead_id, rule_id, event_id) NULLS NOT DISTINCT WHERE withdrawn_at IS NULL;
CREATE INDEX intent_signals_withdrawn_idx ON intent_signals (lead_id) WHERE withdrawn_at IS NOT NULL;
