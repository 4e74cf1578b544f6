-- What a day's first page and the live view of changes read: indexes, and who looks at which record. Expands only.

-- What was won in a period, and what is open.
CREATE INDEX deals_won_idx ON deals (tenant_id, closed_at) WHERE status = 'won';
CREATE INDEX deals_open_idx ON deals (tenant_id, stage_id) WHERE status = 'open';
-- Who became hot since a moment.
CREATE INDEX tier_alerts_at_idx ON tier_alerts (tenant_id, alerted_at);
-- What the machine has routed since a moment.
CREATE INDEX routing_decisions_at_idx ON routing_decisions (tenant_id, decided_at);

-- Who looked at which record a moment ago. Nothing is lost with it: whoever looks says so again within seconds.
CREATE UNLOGGED TABLE presences (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  record_type text NOT NULL,
  record_id uuid NOT NULL,
  seen_at timestamptz NOT NULL,
  CONSTRAINT presences_pkey PRIMARY KEY (member_id, record_id)
) WITH (fillfactor = 50);
CREATE INDEX presences_record_idx ON presences (record_id);
ALTER TABLE presences ENABLE ROW LEVEL SECURITY;
CREATE POLICY presences_own ON presences
  USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON presences TO lotse_app;
