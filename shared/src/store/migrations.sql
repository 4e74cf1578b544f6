-- name: lock
SELECT pg_advisory_lock(7350118061)

-- name: unlock
SELECT pg_advisory_unlock(7350118061)

-- name: create
CREATE TABLE IF NOT EXISTS schema_migrations (
  version integer CONSTRAINT schema_migrations_pkey PRIMARY KEY,
  name text NOT NULL,
  checksum bytea NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: exists
SELECT to_regclass('public.schema_migrations') IS NOT NULL

-- name: current
SELECT COALESCE(max(version), 0) FROM schema_migrations

-- name: list
SELECT version, checksum FROM schema_migrations ORDER BY version

-- name: note
INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)

-- name: password_statement
SELECT format('ALTER ROLE lotse_app PASSWORD %L', $1)

-- name: list_unfolded_leads
SELECT id, tenant_id, first_name, last_name, company, email
  FROM leads
 WHERE id > $1 AND search_text IS NULL
 ORDER BY id
 LIMIT $2

-- name: fold_leads
-- Whoever changed a lead meanwhile folded it. The search codes of all leads lie one lead after the other.
UPDATE leads l
   SET search_text = u.search_text, search_codes = ($5)[u.first_code : u.last_code]
  FROM unnest($1, $2, $3, $4) AS u (id, search_text, first_code, last_code)
 WHERE l.id = u.id AND l.search_text IS NULL

-- name: list_unfolded_deals
SELECT id, name
  FROM deals
 WHERE id > $1 AND search_text IS NULL
 ORDER BY id
 LIMIT $2

-- name: fold_deals
UPDATE deals d
   SET search_text = u.search_text
  FROM unnest($1, $2) AS u (id, search_text)
 WHERE d.id = u.id AND d.search_text IS NULL
