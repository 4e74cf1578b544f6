-- Looking up a key without using it, and throwing away what nobody may ask for any more.

-- Whose key this is, if it was valid at a moment; nothing is counted. For events that were accepted while the database was away:
-- their sender waited for no answer, so there is nothing to slow down.
-- No row: the key is unknown, or was expired or revoked by then.
CREATE FUNCTION lotse.find_api_key(p_source text, p_hash bytea, p_at timestamptz)
RETURNS TABLE (id uuid, tenant_id uuid, scopes text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT k.id, k.tenant_id, k.scopes
    FROM api_keys k
    JOIN tenants t ON t.id = k.tenant_id AND t.active
   WHERE k.key_hash = p_hash
     AND k.source = p_source
     AND (k.revoked_at IS NULL OR k.revoked_at > p_at)
     AND (k.expires_at IS NULL OR k.expires_at > p_at)
$$;

-- Deletes answers kept for an Idempotency-Key for longer than a day, and revoked tokens that have expired by themselves.
CREATE FUNCTION lotse.purge_expired(p_now timestamptz)
RETURNS TABLE (idempotency_keys bigint, revoked_tokens bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH keys AS (
    DELETE FROM idempotency_keys k WHERE k.created_at < p_now - interval '24 hours' RETURNING 1
  ),
  -- A token is believed for 30 seconds after its end; an hour allows for clocks that differ.
  tokens AS (
    DELETE FROM revoked_tokens r WHERE r.expires_at < p_now - interval '1 hour' RETURNING 1
  )
  SELECT (SELECT count(*) FROM keys), (SELECT count(*) FROM tokens)
$$;

REVOKE EXECUTE ON FUNCTION lotse.find_api_key(text, bytea, timestamptz), lotse.purge_expired(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.find_api_key(text, bytea, timestamptz), lotse.purge_expired(timestamptz) TO lotse_app;
