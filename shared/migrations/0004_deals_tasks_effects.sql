-- Deals and their history, tasks, routing decisions, the outbox and the effects ledger; then row security for everything.

CREATE TABLE deals (
  id uuid CONSTRAINT deals_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  lead_id uuid CONSTRAINT deals_lead_fkey REFERENCES leads,
  contact_id uuid,
  company_id uuid,
  pipeline_id uuid NOT NULL CONSTRAINT deals_pipeline_fkey REFERENCES pipelines,
  stage_id uuid NOT NULL CONSTRAINT deals_stage_fkey REFERENCES stages,
  -- Order within the stage, ascending. A new deal takes minus its creation in milliseconds: newest first, without asking.
  position double precision NOT NULL,
  owner_id uuid CONSTRAINT deals_owner_fkey REFERENCES team_members,
  value_minor bigint NOT NULL DEFAULT 0 CONSTRAINT deals_value_check CHECK (value_minor >= 0),
  currency text NOT NULL DEFAULT 'EUR' CONSTRAINT deals_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  expected_close_on date,
  status text NOT NULL DEFAULT 'open' CONSTRAINT deals_status_check CHECK (status IN ('open', 'won', 'lost')),
  lost_reason text,
  closed_at timestamptz,
  source text,
  campaign text,
  -- `routing`: opened by the machine; such a deal never loses its lead.
  origin text NOT NULL DEFAULT 'person' CONSTRAINT deals_origin_check CHECK (origin IN ('routing', 'person', 'import')),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  CONSTRAINT deals_subject_check CHECK (lead_id IS NOT NULL OR contact_id IS NOT NULL OR company_id IS NOT NULL),
  CONSTRAINT deals_closed_check CHECK ((status = 'open') = (closed_at IS NULL))
);
-- The machine routes a lead at most once.
CREATE UNIQUE INDEX deals_routed_lead_key ON deals (lead_id) WHERE origin = 'routing';
CREATE INDEX deals_board_idx ON deals (pipeline_id, stage_id, position, id);
CREATE INDEX deals_owner_open_idx ON deals (owner_id) WHERE status = 'open';
CREATE INDEX deals_lead_idx ON deals (lead_id);
CREATE INDEX deals_created_at_idx ON deals (tenant_id, created_at DESC, id DESC);
ALTER TABLE leads ADD CONSTRAINT leads_deal_fkey FOREIGN KEY (deal_id) REFERENCES deals DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX leads_deal_idx ON leads (deal_id) WHERE deal_id IS NOT NULL;

CREATE TABLE stage_history (
  id uuid CONSTRAINT stage_history_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  deal_id uuid NOT NULL CONSTRAINT stage_history_deal_fkey REFERENCES deals ON DELETE CASCADE,
  from_stage_id uuid,
  to_stage_id uuid NOT NULL,
  moved_at timestamptz NOT NULL,
  moved_by text NOT NULL
);
CREATE INDEX stage_history_deal_idx ON stage_history (deal_id, moved_at, id);

CREATE TABLE tasks (
  id uuid CONSTRAINT tasks_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  title text NOT NULL,
  description text,
  kind text NOT NULL CONSTRAINT tasks_kind_check CHECK (kind IN ('follow_up', 'decide_pipeline', 'assign_owner', 'call', 'email', 'meeting', 'todo')),
  priority text NOT NULL DEFAULT 'normal' CONSTRAINT tasks_priority_check CHECK (priority IN ('low', 'normal', 'high')),
  due_at timestamptz,
  owner_id uuid CONSTRAINT tasks_owner_fkey REFERENCES team_members,
  lead_id uuid CONSTRAINT tasks_lead_fkey REFERENCES leads ON DELETE CASCADE,
  deal_id uuid CONSTRAINT tasks_deal_fkey REFERENCES deals ON DELETE CASCADE,
  contact_id uuid,
  status text NOT NULL DEFAULT 'open' CONSTRAINT tasks_status_check CHECK (status IN ('open', 'done', 'cancelled')),
  completed_at timestamptz,
  completed_by text,
  reminded_at timestamptz,
  -- A one-time schedule exists that will wake the reminder worker.
  scheduled_at timestamptz,
  -- What made it, so that the machine never makes it twice (`routing:<decision>`); null for tasks made by people.
  cause text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  CONSTRAINT tasks_done_check CHECK ((status = 'done') = (completed_at IS NOT NULL))
);
CREATE UNIQUE INDEX tasks_cause_key ON tasks (tenant_id, cause) WHERE cause IS NOT NULL;
CREATE INDEX tasks_due_idx ON tasks (tenant_id, status, due_at, id);
CREATE INDEX tasks_owner_idx ON tasks (owner_id, status, due_at);
CREATE INDEX tasks_lead_idx ON tasks (lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX tasks_deal_idx ON tasks (deal_id) WHERE deal_id IS NOT NULL;
CREATE INDEX tasks_reminder_idx ON tasks (due_at) WHERE status = 'open' AND reminded_at IS NULL AND due_at IS NOT NULL;

-- Appended whenever the outcome for a lead changes; each re-decides from itself alone. The present "not routed yet" is no row:
-- it is one record per lead that follows from lead_standings, awards and signals whenever somebody asks.
CREATE TABLE routing_decisions (
  id uuid CONSTRAINT routing_decisions_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  lead_id uuid NOT NULL CONSTRAINT routing_decisions_lead_fkey REFERENCES leads ON DELETE CASCADE,
  decided_at timestamptz NOT NULL,
  outcome text NOT NULL CONSTRAINT routing_decisions_outcome_check CHECK (outcome IN ('routed', 'conflict', 'discovery', 'manual')),
  pipeline_id uuid,
  owner_id uuid,
  deal_id uuid,
  decided_by text NOT NULL,
  rule_set_version integer NOT NULL,
  -- domain::routing::DecisionRecord, whole.
  record jsonb NOT NULL
);
CREATE INDEX routing_decisions_lead_idx ON routing_decisions (lead_id, decided_at DESC, id DESC);

-- Messages that must reach a queue because a transaction committed. Handed over right after the commit; the relay sweeps the rest.
CREATE TABLE outbox (
  id uuid CONSTRAINT outbox_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  queue text NOT NULL,
  body text NOT NULL,
  created_at timestamptz NOT NULL,
  -- Not before this moment (a delayed retry).
  due_at timestamptz NOT NULL
);
CREATE INDEX outbox_due_idx ON outbox (due_at, id);

-- What was committed but not handed over: locked for this transaction, oldest first, across tenants.
-- A queue that this release does not know is left for one that does.
CREATE FUNCTION lotse.claim_outbox(p_queues text[], p_due_before timestamptz, p_limit integer)
RETURNS TABLE (id uuid, queue text, body text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT o.id, o.queue, o.body FROM outbox o WHERE o.due_at <= p_due_before AND o.queue = ANY (p_queues)
   ORDER BY o.due_at, o.id LIMIT p_limit FOR UPDATE SKIP LOCKED
$$;
CREATE FUNCTION lotse.delete_outbox(p_ids uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ DELETE FROM outbox WHERE id = ANY (p_ids) $$;

-- Everything done outside. One row per (tenant, kind, cause, target): the key that makes an effect happen once.
CREATE TABLE effects (
  id uuid CONSTRAINT effects_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  kind text NOT NULL,
  cause text NOT NULL,
  target text NOT NULL,
  lead_id uuid,
  payload jsonb NOT NULL,
  status text NOT NULL DEFAULT 'pending' CONSTRAINT effects_status_check CHECK (status IN ('pending', 'sending', 'done', 'failed', 'unknown')),
  attempts integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  next_attempt_at timestamptz NOT NULL,
  answer jsonb,
  error text,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  CONSTRAINT effects_once_key UNIQUE (tenant_id, kind, cause, target)
);
CREATE INDEX effects_open_idx ON effects (next_attempt_at) WHERE status IN ('pending', 'sending');
CREATE INDEX effects_list_idx ON effects (tenant_id, created_at DESC, id DESC);
CREATE INDEX effects_lead_idx ON effects (lead_id) WHERE lead_id IS NOT NULL;

-- Effects whose message was lost on the way (a function died between commit and hand-over, or while sending).
CREATE FUNCTION lotse.overdue_effects(p_before timestamptz, p_limit integer)
RETURNS TABLE (id uuid, tenant_id uuid, kind text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT e.id, e.tenant_id, e.kind FROM effects e
    JOIN tenants t ON t.id = e.tenant_id AND t.active
   WHERE e.status IN ('pending', 'sending') AND e.next_attempt_at <= p_before
   ORDER BY e.next_attempt_at, e.id LIMIT p_limit
$$;

-- Tasks due until a moment that nobody was reminded of, across tenants that are active.
CREATE FUNCTION lotse.due_tasks(p_until timestamptz, p_limit integer)
RETURNS TABLE (id uuid, tenant_id uuid, due_at timestamptz, scheduled boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT t.id, t.tenant_id, t.due_at, t.scheduled_at IS NOT NULL FROM tasks t
    JOIN tenants a ON a.id = t.tenant_id AND a.active
   WHERE t.status = 'open' AND t.reminded_at IS NULL AND t.due_at IS NOT NULL AND t.due_at <= p_until
   ORDER BY t.due_at, t.id LIMIT p_limit
$$;

-- Row security: a row belongs to the transaction's tenant, for reading and for writing. The sub-select runs once a statement.
DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY[
    'revoked_tokens', 'team_members', 'api_keys', 'webhook_sources', 'integrations', 'audit_log', 'idempotency_keys', 'rate_budgets',
    'pipelines', 'stages', 'team_member_pipelines', 'organizations', 'leads', 'lead_identifiers', 'duplicate_suspicions',
    'lead_standings', 'tier_alerts', 'event_keys', 'events', 'inbox', 'scoring_rules', 'intent_rules', 'engine_settings',
    'rule_set_versions', 'score_history', 'intent_signals', 'deals', 'stage_history', 'tasks', 'routing_decisions', 'outbox', 'effects'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY %I ON %I USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()))',
      v_table || '_own', v_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO lotse_app', v_table);
  END LOOP;
END
$$;
GRANT SELECT, UPDATE ON tenants TO lotse_app;
-- The log of changes is appended to, never rewritten.
REVOKE UPDATE, DELETE ON audit_log, rule_set_versions FROM lotse_app;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA lotse FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lotse TO lotse_app;

-- The current month, the one before and three more, so that the first event finds its place.
SELECT lotse.ensure_event_partitions((now() - interval '1 month')::date, 5);
GRANT SELECT ON schema_migrations TO lotse_app;
