-- Who gets in, what strangers may leave behind, and how long things are kept.
--
-- Only expands: the release before goes on with the functions it knows.

-- Enters a tenant as before, and refuses somebody who is known there as an inactive member: by their id, which is the `sub` of tokens
-- of ours and of an identity provider that was told it, or by an e-mail address. Null for who is no person.
CREATE FUNCTION lotse.enter_tenant(p_tenant uuid, p_jti text, p_member uuid, p_emails text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM team_members m WHERE m.id = p_member AND m.tenant_id = p_tenant AND NOT m.active)
     OR EXISTS (SELECT FROM team_members m WHERE m.tenant_id = p_tenant AND m.email = ANY (p_emails) AND NOT m.active) THEN
    RETURN NULL;
  END IF;
  RETURN lotse.enter_tenant(p_tenant, p_jti);
END
$$;

-- As before; and one that is sent again because the connection was lost after it had been carried out gets the answer of the first
-- time: its successor is known by its hash.
CREATE OR REPLACE FUNCTION lotse.refresh_session(
  p_hash bytea, p_new_hash bytea, p_jti text, p_now timestamptz, p_refresh_until timestamptz, p_access_until timestamptz,
  p_grace interval, p_audit uuid, p_request text
) RETURNS TABLE (outcome text, tenant_id uuid, member_id uuid, family_id uuid, role text, refresh_until timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_family session_families;
  v_token refresh_tokens;
  v_role text;
  v_until timestamptz;
BEGIN
  SELECT f.* INTO v_family FROM session_families f JOIN refresh_tokens t ON t.family_id = f.id
   WHERE t.token_hash = p_hash FOR UPDATE OF f;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Read after the lock: of two requests with one token the second must see that the first has used it.
  SELECT t.* INTO v_token FROM refresh_tokens t WHERE t.token_hash = p_hash;
  SELECT m.role INTO v_role FROM team_members m JOIN tenants t ON t.id = m.tenant_id AND t.active
   WHERE m.id = v_family.member_id AND m.active;
  IF v_family.ended_at IS NOT NULL OR v_family.expires_at <= p_now OR v_token.expires_at <= p_now OR v_role IS NULL THEN
    RETURN QUERY SELECT 'ended', v_family.tenant_id, v_family.member_id, v_family.id, v_role, NULL::timestamptz;
    RETURN;
  END IF;
  IF v_token.used_at IS NOT NULL THEN
    SELECT t.expires_at INTO v_until FROM refresh_tokens t
     WHERE t.token_hash = p_new_hash AND t.family_id = v_family.id AND t.used_at IS NULL;
    IF FOUND THEN
      RETURN QUERY SELECT 'rotated', v_family.tenant_id, v_family.member_id, v_family.id, v_role, v_until;
      RETURN;
    END IF;
  END IF;
  IF v_token.used_at IS NOT NULL AND v_token.used_at < p_now - p_grace THEN
    PERFORM lotse.end_family(v_family.id, 'reuse', p_now);
    PERFORM lotse.note_session(p_audit, v_family.tenant_id, v_family.member_id::text, 'end_stolen', v_family.id::text, p_now, p_request);
    RETURN QUERY SELECT 'reuse', v_family.tenant_id, v_family.member_id, v_family.id, v_role, NULL::timestamptz;
    RETURN;
  END IF;
  -- Of a request that got no new refresh token the access token alone may be there already.
  INSERT INTO session_access_tokens (jti, tenant_id, family_id, expires_at)
  VALUES (p_jti, v_family.tenant_id, v_family.id, p_access_until)
  ON CONFLICT ON CONSTRAINT session_access_tokens_pkey DO NOTHING;
  IF v_token.used_at IS NOT NULL THEN
    RETURN QUERY SELECT 'again', v_family.tenant_id, v_family.member_id, v_family.id, v_role, NULL::timestamptz;
    RETURN;
  END IF;
  v_until := LEAST(p_refresh_until, v_family.expires_at);
  UPDATE refresh_tokens t SET used_at = p_now WHERE t.token_hash = p_hash;
  INSERT INTO refresh_tokens (token_hash, tenant_id, family_id, issued_at, expires_at)
  VALUES (p_new_hash, v_family.tenant_id, v_family.id, p_now, v_until);
  RETURN QUERY SELECT 'rotated', v_family.tenant_id, v_family.member_id, v_family.id, v_role, v_until;
END
$$;

-- Doors that do not believe their caller: a moment in the future makes nothing older than it is.

CREATE OR REPLACE FUNCTION lotse.purge_expired(p_now timestamptz)
RETURNS TABLE (idempotency_keys bigint, revoked_tokens bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH keys AS (
    DELETE FROM idempotency_keys k WHERE k.created_at < LEAST(p_now, now()) - interval '24 hours' RETURNING 1
  ),
  -- A token is believed for 30 seconds after its end; an hour allows for clocks that differ.
  tokens AS (
    DELETE FROM revoked_tokens r WHERE r.expires_at < LEAST(p_now, now()) - interval '1 hour' RETURNING 1
  )
  SELECT (SELECT count(*) FROM keys), (SELECT count(*) FROM tokens)
$$;

CREATE OR REPLACE FUNCTION lotse.purge_sign_ins(p_now timestamptz) RETURNS TABLE (sessions bigint, attempts bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH tokens AS (
    DELETE FROM session_access_tokens WHERE expires_at < LEAST(p_now, now()) - interval '1 hour'
  ),
  families AS (
    -- An ended one stays known until its time is over: its tokens must go on being refused with the right reason.
    DELETE FROM session_families WHERE expires_at < LEAST(p_now, now()) - interval '1 day' RETURNING 1
  ),
  buckets AS (
    DELETE FROM sign_in_attempts
     WHERE refilled_at < LEAST(p_now, now()) - interval '1 day'
       AND (succeeded_at IS NULL OR succeeded_at < LEAST(p_now, now()) - interval '30 days')
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM families), (SELECT count(*) FROM buckets)
$$;

-- True when the lease is now ours. A lease whose holder died is free again when `until` has passed. No invocation lasts longer than
-- 15 minutes, so no lease does longer than an hour.
CREATE OR REPLACE FUNCTION lotse.take_lease(p_name text, p_holder uuid, p_now timestamptz, p_until timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH taken AS (
    INSERT INTO job_leases AS l (name, holder, until) VALUES (p_name, p_holder, LEAST(p_until, now() + interval '1 hour'))
    ON CONFLICT ON CONSTRAINT job_leases_pkey
    DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
     -- A minute allows for clocks that differ.
     WHERE l.until <= LEAST(p_now, now() + interval '1 minute') OR l.holder = p_holder
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM taken)
$$;

-- Makes a tenant, or finds the one of that slug as it is: it is changed by who has entered it.
CREATE OR REPLACE FUNCTION lotse.create_tenant(p_id uuid, p_slug text, p_name text, p_zone text, p_language text, p_country text)
RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  INSERT INTO tenants (id, slug, name, zone, language, default_country)
  VALUES (p_id, p_slug, p_name, p_zone, p_language, p_country)
  ON CONFLICT ON CONSTRAINT tenants_slug_key DO NOTHING;
  SELECT t.id FROM tenants t WHERE t.slug = p_slug
$$;
REVOKE UPDATE ON tenants FROM lotse_app;
GRANT UPDATE (name, zone, language, default_country, currency, rule_set_version) ON tenants TO lotse_app;

-- What came with a token nobody has, or without one: not who sent what, but how much, and how it begins, so that a sender who was set
-- up wrongly can be recognised. Belongs to no tenant; `lotse_app` has no right on it.
CREATE TABLE stranger_deliveries (
  -- Eight times the hour since 1970, and the place of the row within it: few rows, found by their range.
  id integer CONSTRAINT stranger_deliveries_pkey PRIMARY KEY,
  source text NOT NULL,
  -- Empty: there was no token.
  token_hash bytea NOT NULL CONSTRAINT stranger_deliveries_hash_check CHECK (length(token_hash) IN (0, 32)),
  reason text NOT NULL,
  -- Of the first one: when it came, and how it begins.
  first_at timestamptz NOT NULL,
  head text NOT NULL CONSTRAINT stranger_deliveries_head_check CHECK (octet_length(head) <= 1024)
);
ALTER TABLE stranger_deliveries ENABLE ROW LEVEL SECURITY;

-- How many came, and their bytes. Apart, because what is changed a hundred times a second leaves a version behind each time for as long
-- as anybody on the server looks at an older moment: 44 bytes here, a kilobyte beside the head.
CREATE TABLE stranger_counts (
  id integer CONSTRAINT stranger_counts_pkey PRIMARY KEY
     CONSTRAINT stranger_counts_delivery_fkey REFERENCES stranger_deliveries ON DELETE CASCADE,
  deliveries integer NOT NULL,
  bytes bigint NOT NULL
);
ALTER TABLE stranger_counts ENABLE ROW LEVEL SECURITY;

-- Counts a delivery of a stranger. Tokens and sources are made up as easily as bodies: an hour has 6 rows, and what is different from
-- all of them is counted in one more, whose source is `*` and which keeps no head.
CREATE FUNCTION lotse.note_stranger(
  p_source text, p_token_hash bytea, p_reason text, p_bytes bigint, p_head text, p_at timestamptz
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_at timestamptz := LEAST(p_at, now());
  v_first integer := floor(extract(epoch FROM v_at) / 3600)::integer * 8;
  v_id integer;
BEGIN
  -- They take turns before they touch a row. So many at once do not become more rows than there may be; and whoever waits for a row
  -- holds its page, which then cannot be cleaned of the versions before, and grows.
  PERFORM pg_advisory_xact_lock(hashtext('lotse.note_stranger'));
  v_id := (SELECT s.id FROM stranger_deliveries s
            WHERE s.id BETWEEN v_first AND v_first + 6 AND s.source = p_source AND s.token_hash = p_token_hash);
  IF v_id IS NULL THEN
    v_id := (SELECT COALESCE(max(s.id) + 1, v_first) FROM stranger_deliveries s WHERE s.id BETWEEN v_first AND v_first + 5);
    IF v_id = v_first + 6 THEN
      p_source := '*';
      p_token_hash := '';
      p_head := '';
    END IF;
    INSERT INTO stranger_deliveries (id, source, token_hash, reason, first_at, head)
    VALUES (v_id, p_source, p_token_hash, p_reason, v_at, p_head)
    ON CONFLICT ON CONSTRAINT stranger_deliveries_pkey DO NOTHING;
  END IF;
  UPDATE stranger_counts c SET deliveries = c.deliveries + 1, bytes = c.bytes + p_bytes WHERE c.id = v_id;
  IF NOT FOUND THEN
    INSERT INTO stranger_counts (id, deliveries, bytes) VALUES (v_id, 1, p_bytes);
  END IF;
END
$$;

-- How much strangers sent in the day before a moment; forgets what is older than a week.
CREATE FUNCTION lotse.strangers_of_day(p_now timestamptz) RETURNS TABLE (deliveries bigint, bytes bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  DELETE FROM stranger_deliveries s
   WHERE s.id < floor(extract(epoch FROM LEAST(p_now, now()) - interval '7 days') / 3600)::integer * 8;
  SELECT COALESCE(sum(c.deliveries), 0)::bigint, COALESCE(sum(c.bytes), 0)::bigint
    FROM stranger_counts c
   WHERE c.id >= floor(extract(epoch FROM LEAST(p_now, now()) - interval '24 hours') / 3600)::integer * 8
$$;

-- How long the inbox keeps what: open deliveries 90 days, those that were sent again or discarded 30 days from then, and those that
-- belong to no tenant 7 days. Deletes the oldest of each, p_limit in all, and answers with how many; to be called until it is fewer.
--
-- By whole days (UTC), in indexes of their own: one on the moment, or of the open ones only, would also look cheap to whoever asks for a
-- tenant's deliveries, and would have them read everybody's. Few that are done are as old as open ones get, so one index finds those.
CREATE FUNCTION lotse.utc_day(p_at timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT (p_at AT TIME ZONE 'UTC')::date $$;
CREATE INDEX inbox_age_idx ON inbox (lotse.utc_day(received_at));
CREATE INDEX inbox_done_age_idx ON inbox (lotse.utc_day(COALESCE(replayed_at, received_at))) WHERE status <> 'open' AND tenant_id IS NOT NULL;
CREATE INDEX inbox_nobody_age_idx ON inbox (lotse.utc_day(received_at)) WHERE tenant_id IS NULL;
CREATE FUNCTION lotse.purge_inbox(p_now timestamptz, p_limit integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH old AS (
    (SELECT i.id FROM inbox i
      WHERE i.status = 'open' AND i.tenant_id IS NOT NULL AND lotse.utc_day(i.received_at) < lotse.utc_day(LEAST(p_now, now())) - 90
      ORDER BY lotse.utc_day(i.received_at) LIMIT p_limit)
    UNION ALL
    (SELECT i.id FROM inbox i
      WHERE i.status <> 'open' AND i.tenant_id IS NOT NULL
        AND lotse.utc_day(COALESCE(i.replayed_at, i.received_at)) < lotse.utc_day(LEAST(p_now, now())) - 30
      ORDER BY lotse.utc_day(COALESCE(i.replayed_at, i.received_at)) LIMIT p_limit)
    UNION ALL
    (SELECT i.id FROM inbox i
      WHERE i.tenant_id IS NULL AND lotse.utc_day(i.received_at) < lotse.utc_day(LEAST(p_now, now())) - 7
      ORDER BY lotse.utc_day(i.received_at) LIMIT p_limit)
  ),
  gone AS (
    DELETE FROM inbox i WHERE i.id = ANY (ARRAY(SELECT o.id FROM old o LIMIT p_limit)) RETURNING 1
  )
  SELECT count(*)::integer FROM gone
$$;

-- A rotation has an end: the secret before is believed until then, and forgotten a day later.
ALTER TABLE webhook_sources ADD COLUMN previous_secret_until timestamptz;
UPDATE webhook_sources SET previous_secret_until = now() + interval '7 days' WHERE previous_secret IS NOT NULL;

-- Whose webhook this is, as it was when it was received; the secrets stay sealed.
CREATE FUNCTION lotse.find_webhook_source(p_source text, p_token_hash bytea, p_at timestamptz)
RETURNS TABLE (tenant_id uuid, secret bytea, previous_secret bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT w.tenant_id, w.secret,
         -- One that the release before has put there has no end yet.
         CASE WHEN w.previous_secret_until IS NULL OR w.previous_secret_until > p_at THEN w.previous_secret END
    FROM webhook_sources w
    JOIN tenants t ON t.id = w.tenant_id AND t.active
   WHERE w.source = p_source AND w.token_hash = p_token_hash AND w.active
$$;

-- How many deliveries of a source are worked on within a minute. Of one whose token is public, because everybody can read it on a page:
-- what exceeds it is kept for a person to look at, and makes no leads until then.
ALTER TABLE webhook_sources ADD COLUMN deliveries_per_minute integer NOT NULL DEFAULT 300
  CONSTRAINT webhook_sources_deliveries_check CHECK (deliveries_per_minute > 0);

-- What a source has used of its minute. Apart and short, as all that is changed a hundred times a second; `lotse_app` has no right on it.
CREATE TABLE webhook_minutes (
  source_id uuid CONSTRAINT webhook_minutes_pkey PRIMARY KEY
            CONSTRAINT webhook_minutes_source_fkey REFERENCES webhook_sources ON DELETE CASCADE,
  minute timestamptz NOT NULL,
  used integer NOT NULL
) WITH (fillfactor = 50);
ALTER TABLE webhook_minutes ENABLE ROW LEVEL SECURITY;

-- Whether one more delivery of a source fits into its minute; takes its place then. Once it is full, nothing is written any more.
CREATE FUNCTION lotse.take_delivery(p_source text, p_token_hash bytea, p_at timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH source AS (
    SELECT w.id, w.deliveries_per_minute
      FROM webhook_sources w
     WHERE w.source = p_source AND w.token_hash = p_token_hash
  ),
  taken AS (
    INSERT INTO webhook_minutes AS m (source_id, minute, used)
    SELECT s.id, date_trunc('minute', LEAST(p_at, now()), 'UTC'), 1 FROM source s
    ON CONFLICT ON CONSTRAINT webhook_minutes_pkey
    DO UPDATE SET minute = EXCLUDED.minute, used = CASE WHEN m.minute = EXCLUDED.minute THEN m.used + 1 ELSE 1 END
     WHERE m.minute <> EXCLUDED.minute OR m.used < (SELECT s.deliveries_per_minute FROM source s)
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM taken)
$$;

-- Daily: forgets secrets whose rotation is over for a day, so that what was received before can still be checked, and gives an end to
-- those that have none.
CREATE FUNCTION lotse.end_rotations(p_now timestamptz) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  UPDATE webhook_sources SET previous_secret_until = LEAST(p_now, now()) + interval '7 days'
   WHERE previous_secret IS NOT NULL AND previous_secret_until IS NULL;
  WITH ended AS (
    UPDATE webhook_sources SET previous_secret = NULL, previous_secret_until = NULL
     WHERE previous_secret_until < LEAST(p_now, now()) - interval '1 day'
    RETURNING 1
  )
  SELECT count(*)::integer FROM ended
$$;

-- Who may own leads, deals and tasks: not those who may only look.
CREATE FUNCTION lotse.role_owns(p_role text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT p_role <> 'viewer' $$;

-- Whether somebody of this transaction's tenant may become an owner now.
CREATE FUNCTION lotse.may_own(p_member uuid) RETURNS boolean
LANGUAGE sql STABLE
AS $$ SELECT EXISTS (SELECT FROM team_members m WHERE m.id = p_member AND m.active AND lotse.role_owns(m.role)) $$;

REVOKE EXECUTE ON FUNCTION
  lotse.enter_tenant(uuid, text, uuid, text[]),
  lotse.note_stranger(text, bytea, text, bigint, text, timestamptz), lotse.strangers_of_day(timestamptz),
  lotse.purge_inbox(timestamptz, integer), lotse.utc_day(timestamptz),
  lotse.find_webhook_source(text, bytea, timestamptz), lotse.take_delivery(text, bytea, timestamptz), lotse.end_rotations(timestamptz),
  lotse.role_owns(text), lotse.may_own(uuid)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  lotse.enter_tenant(uuid, text, uuid, text[]),
  lotse.note_stranger(text, bytea, text, bigint, text, timestamptz), lotse.strangers_of_day(timestamptz),
  lotse.purge_inbox(timestamptz, integer), lotse.utc_day(timestamptz),
  lotse.find_webhook_source(text, bytea, timestamptz), lotse.take_delivery(text, bytea, timestamptz), lotse.end_rotations(timestamptz),
  lotse.role_owns(text), lotse.may_own(uuid)
TO lotse_app;
