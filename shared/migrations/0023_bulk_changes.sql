-- Changes of many records at once, kept for some minutes so that they can be undone.

CREATE TABLE bulk_changes (
  id uuid CONSTRAINT bulk_changes_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL,
  record_type text NOT NULL CONSTRAINT bulk_changes_record_type_check CHECK (record_type IN ('lead', 'deal', 'task')),
  -- Who has the token may undo it, if they are who did it.
  token_hash bytea NOT NULL,
  actor text NOT NULL,
  -- Of each record that was changed: its id, its version afterwards, and what it was before.
  records jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  undone_at timestamptz
);
CREATE UNIQUE INDEX bulk_changes_token_key ON bulk_changes (token_hash);
CREATE INDEX bulk_changes_expiry_idx ON bulk_changes (tenant_id, expires_at);

ALTER TABLE bulk_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY bulk_changes_own ON bulk_changes
  USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON bulk_changes TO lotse_app;
