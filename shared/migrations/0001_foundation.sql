-- Tenants, people with access, and what every transaction needs: tenant entry, audit, idempotency, leases, budgets.
--
-- Two roles: the owner runs migrations and owns every table; `lotse_app` is what functions log in as. Row-level security
-- applies to `lotse_app` and cannot be switched off by it. Functions marked SECURITY DEFINER are the only doors across
-- tenants; each does one narrow thing.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotse_app') THEN
    CREATE ROLE lotse_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS;
  END IF;
EXCEPTION
  -- Two migrations of two databases in one cluster may race for the cluster-wide role.
  WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;

-- The working set is in memory or on SSD, where reading at random costs little more than reading in order; Postgres' default is
-- made for disks, and has it read whole tables for a few hundred rows. No statement is large enough for compiling it to pay.
ALTER ROLE lotse_app SET random_page_cost = 1.1;
ALTER ROLE lotse_app SET jit = off;

CREATE SCHEMA lotse;
GRANT USAGE ON SCHEMA lotse, public TO lotse_app;

-- The tenant of this transaction; null outside of one, and then row security shows nothing.
CREATE FUNCTION lotse.tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('lotse.tenant', true), '')::uuid $$;

CREATE TABLE tenants (
  id uuid CONSTRAINT tenants_pkey PRIMARY KEY,
  slug text NOT NULL CONSTRAINT tenants_slug_key UNIQUE,
  name text NOT NULL,
  zone text NOT NULL DEFAULT 'Europe/Berlin',
  language text NOT NULL DEFAULT 'de' CONSTRAINT tenants_language_check CHECK (language IN ('de', 'en')),
  default_country text NOT NULL DEFAULT 'DE' CONSTRAINT tenants_default_country_check CHECK (default_country ~ '^[A-Z]{2}$'),
  currency text NOT NULL DEFAULT 'EUR' CONSTRAINT tenants_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  rule_set_version integer NOT NULL DEFAULT 0,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants_own ON tenants USING (id = (SELECT lotse.tenant()));

CREATE TABLE revoked_tokens (
  jti text CONSTRAINT revoked_tokens_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT revoked_tokens_tenant_fkey REFERENCES tenants,
  revoked_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX revoked_tokens_expires_at_idx ON revoked_tokens (expires_at);

-- Enters a tenant for the rest of this transaction and answers with its rule-set version.
-- `set_config` stands inside a function on purpose: RDS Proxy pins a connection that sends SET itself.
-- Null: there is no such active tenant, or the token was revoked; the transaction then sees nothing.
CREATE FUNCTION lotse.enter_tenant(p_tenant uuid, p_jti text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_version integer;
BEGIN
  SELECT t.rule_set_version INTO v_version FROM tenants t WHERE t.id = p_tenant AND t.active;
  IF v_version IS NULL THEN
    RETURN NULL;
  END IF;
  IF p_jti IS NOT NULL AND EXISTS (SELECT FROM revoked_tokens r WHERE r.jti = p_jti) THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('lotse.tenant', p_tenant::text, true);
  RETURN v_version;
END
$$;

-- Makes a tenant, or finds the one of that slug: creating twice is harmless.
CREATE FUNCTION lotse.create_tenant(p_id uuid, p_slug text, p_name text, p_zone text, p_language text, p_country text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  INSERT INTO tenants (id, slug, name, zone, language, default_country)
  VALUES (p_id, p_slug, p_name, p_zone, p_language, p_country)
  ON CONFLICT ON CONSTRAINT tenants_slug_key DO UPDATE SET name = EXCLUDED.name, zone = EXCLUDED.zone, language = EXCLUDED.language
  RETURNING id
$$;

-- For jobs that work through all tenants one after the other.
CREATE FUNCTION lotse.active_tenants() RETURNS TABLE (id uuid, zone text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT t.id, t.zone FROM tenants t WHERE t.active ORDER BY t.id $$;

CREATE TABLE team_members (
  id uuid CONSTRAINT team_members_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT team_members_tenant_fkey REFERENCES tenants,
  email text NOT NULL,
  name text NOT NULL,
  role text NOT NULL CONSTRAINT team_members_role_check CHECK (role IN ('admin', 'manager', 'sales', 'viewer')),
  capacity integer NOT NULL DEFAULT 0 CONSTRAINT team_members_capacity_check CHECK (capacity >= 0),
  slack_user_id text,
  zone text,
  language text,
  lead_of_team boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT true,
  last_assigned_at timestamptz,
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT team_members_email_key UNIQUE (tenant_id, email),
  CONSTRAINT team_members_tenant_key UNIQUE (tenant_id, id)
);

CREATE TABLE api_keys (
  id uuid CONSTRAINT api_keys_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT api_keys_tenant_fkey REFERENCES tenants,
  source text NOT NULL CONSTRAINT api_keys_source_check CHECK (source ~ '^[a-z][a-z0-9_]{0,63}$'),
  name text NOT NULL,
  key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE CONSTRAINT api_keys_key_hash_check CHECK (length(key_hash) = 32),
  scopes text[] NOT NULL,
  requests_per_minute integer NOT NULL DEFAULT 600 CONSTRAINT api_keys_rate_check CHECK (requests_per_minute > 0),
  window_started_at timestamptz NOT NULL DEFAULT '-infinity',
  window_used integer NOT NULL DEFAULT 0,
  last_used_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX api_keys_tenant_idx ON api_keys (tenant_id, created_at DESC, id);

-- Who a key belongs to, and one unit of its rate. Windows are fixed minutes. `allowed` is false when the window is used up.
-- No row: the key is unknown, expired or revoked.
CREATE FUNCTION lotse.use_api_key(p_source text, p_hash bytea, p_now timestamptz)
RETURNS TABLE (id uuid, tenant_id uuid, scopes text[], allowed boolean, rate_limit integer, remaining integer, resets_in_seconds integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_window timestamptz := date_trunc('minute', p_now);
BEGIN
  RETURN QUERY
  UPDATE api_keys k
     SET window_used = CASE WHEN k.window_started_at = v_window THEN k.window_used + 1 ELSE 1 END,
         window_started_at = v_window,
         last_used_at = p_now
   WHERE k.key_hash = p_hash
     AND k.source = p_source
     AND k.revoked_at IS NULL
     AND (k.expires_at IS NULL OR k.expires_at > p_now)
     AND EXISTS (SELECT FROM tenants t WHERE t.id = k.tenant_id AND t.active)
  RETURNING k.id, k.tenant_id, k.scopes, k.window_used <= k.requests_per_minute, k.requests_per_minute,
            GREATEST(k.requests_per_minute - k.window_used, 0),
            CEIL(EXTRACT(epoch FROM v_window + interval '1 minute' - p_now))::integer;
END
$$;

-- The sources that may send webhooks, each with a secret path token (hashed) and up to two sealed signing secrets.
CREATE TABLE webhook_sources (
  id uuid CONSTRAINT webhook_sources_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT webhook_sources_tenant_fkey REFERENCES tenants,
  source text NOT NULL CONSTRAINT webhook_sources_source_check CHECK (source ~ '^[a-z][a-z0-9_]{0,63}$'),
  token_hash bytea NOT NULL CONSTRAINT webhook_sources_token_hash_key UNIQUE,
  secret bytea,
  previous_secret bytea,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT webhook_sources_source_key UNIQUE (tenant_id, source)
);

-- Whose webhook this is; the secrets stay sealed.
CREATE FUNCTION lotse.find_webhook_source(p_source text, p_token_hash bytea)
RETURNS TABLE (tenant_id uuid, secret bytea, previous_secret bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT w.tenant_id, w.secret, w.previous_secret
    FROM webhook_sources w
    JOIN tenants t ON t.id = w.tenant_id AND t.active
   WHERE w.source = p_source AND w.token_hash = p_token_hash AND w.active
$$;

-- A partner's settings for one tenant; credentials are sealed with the installation's key.
CREATE TABLE integrations (
  tenant_id uuid NOT NULL CONSTRAINT integrations_tenant_fkey REFERENCES tenants,
  name text NOT NULL,
  settings jsonb NOT NULL DEFAULT '{}',
  secret bytea,
  active boolean NOT NULL DEFAULT true,
  last_success_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT integrations_pkey PRIMARY KEY (tenant_id, name)
);

CREATE TABLE audit_log (
  id uuid CONSTRAINT audit_log_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT audit_log_tenant_fkey REFERENCES tenants,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('person', 'api_key', 'machine')),
  actor text NOT NULL,
  action text NOT NULL,
  record_type text NOT NULL,
  record_id text NOT NULL,
  before jsonb,
  after jsonb,
  request_id text
);
CREATE INDEX audit_log_at_idx ON audit_log (tenant_id, at DESC, id);
CREATE INDEX audit_log_record_idx ON audit_log (tenant_id, record_type, record_id, at DESC);

CREATE TABLE idempotency_keys (
  tenant_id uuid NOT NULL CONSTRAINT idempotency_keys_tenant_fkey REFERENCES tenants,
  key text NOT NULL CONSTRAINT idempotency_keys_key_check CHECK (length(key) BETWEEN 1 AND 200),
  request text NOT NULL,
  request_hash bytea NOT NULL,
  status integer,
  headers jsonb,
  body text,
  created_at timestamptz NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

-- A scheduled job holds its lease while it runs, so that two runs never overlap.
CREATE TABLE job_leases (
  name text CONSTRAINT job_leases_pkey PRIMARY KEY,
  holder uuid NOT NULL,
  until timestamptz NOT NULL
);

-- True when the lease is now ours. A lease whose holder died is free again when `until` has passed.
CREATE FUNCTION lotse.take_lease(p_name text, p_holder uuid, p_now timestamptz, p_until timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH taken AS (
    INSERT INTO job_leases AS l (name, holder, until) VALUES (p_name, p_holder, p_until)
    ON CONFLICT ON CONSTRAINT job_leases_pkey
    DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until WHERE l.until <= p_now OR l.holder = p_holder
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM taken)
$$;

CREATE FUNCTION lotse.give_lease_back(p_name text, p_holder uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ DELETE FROM job_leases WHERE name = p_name AND holder = p_holder $$;

-- One token bucket per partner key, shared by all functions of all environments.
CREATE TABLE rate_budgets (
  tenant_id uuid NOT NULL CONSTRAINT rate_budgets_tenant_fkey REFERENCES tenants,
  key text NOT NULL,
  tokens double precision NOT NULL,
  refilled_at timestamptz NOT NULL,
  blocked_until timestamptz,
  CONSTRAINT rate_budgets_pkey PRIMARY KEY (tenant_id, key)
) WITH (fillfactor = 50);

-- Takes one token of the bucket. Answers 0 when it was taken, else the milliseconds until one is free.
-- `p_reserve` tokens are left for callers of higher priority.
CREATE FUNCTION lotse.take_rate(
  p_key text, p_per_second double precision, p_burst double precision, p_reserve double precision, p_now timestamptz
) RETURNS integer
LANGUAGE plpgsql
AS $$
DECLARE
  v_tokens double precision;
  v_blocked timestamptz;
  v_refilled timestamptz;
BEGIN
  INSERT INTO rate_budgets (tenant_id, key, tokens, refilled_at)
  VALUES (lotse.tenant(), p_key, p_burst, p_now)
  ON CONFLICT ON CONSTRAINT rate_budgets_pkey DO NOTHING;
  SELECT LEAST(p_burst, b.tokens + GREATEST(EXTRACT(epoch FROM p_now - b.refilled_at), 0) * p_per_second),
         b.blocked_until, GREATEST(b.refilled_at, p_now)
    INTO v_tokens, v_blocked, v_refilled
    FROM rate_budgets b
   WHERE b.tenant_id = lotse.tenant() AND b.key = p_key
     FOR UPDATE;
  IF v_blocked > p_now THEN
    RETURN CEIL(EXTRACT(epoch FROM v_blocked - p_now) * 1000);
  END IF;
  IF v_tokens < 1 + p_reserve THEN
    UPDATE rate_budgets SET tokens = v_tokens, refilled_at = v_refilled WHERE tenant_id = lotse.tenant() AND key = p_key;
    RETURN GREATEST(1, CEIL((1 + p_reserve - v_tokens) / p_per_second * 1000));
  END IF;
  UPDATE rate_budgets SET tokens = v_tokens - 1, refilled_at = v_refilled WHERE tenant_id = lotse.tenant() AND key = p_key;
  RETURN 0;
END
$$;

-- The partner said when to come back: nobody with this key calls before.
CREATE FUNCTION lotse.block_rate(p_key text, p_until timestamptz) RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO rate_budgets AS b (tenant_id, key, tokens, refilled_at, blocked_until)
  VALUES (lotse.tenant(), p_key, 0, p_until, p_until)
  ON CONFLICT ON CONSTRAINT rate_budgets_pkey
  DO UPDATE SET blocked_until = GREATEST(b.blocked_until, EXCLUDED.blocked_until)
$$;
