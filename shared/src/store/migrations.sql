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
