-- Signing in: passwords, sessions with rotating refresh tokens, and the brake on guessing.
--
-- All of it happens before a tenant is entered, or must not be seen by functions that only show the team. So `lotse_app` has no
-- right on these tables at all; the functions below are the only doors, and each does one narrow thing.

-- Beside the team and not in it: reading members never touches a hash.
CREATE TABLE member_credentials (
  member_id uuid CONSTRAINT member_credentials_pkey PRIMARY KEY
    CONSTRAINT member_credentials_member_fkey REFERENCES team_members ON DELETE CASCADE,
  tenant_id uuid NOT NULL CONSTRAINT member_credentials_tenant_fkey REFERENCES tenants,
  -- Argon2id in PHC notation, with its own salt and parameters.
  password_hash text NOT NULL CONSTRAINT member_credentials_hash_check CHECK (password_hash LIKE '$argon2id$%'),
  set_at timestamptz NOT NULL
);
ALTER TABLE member_credentials ENABLE ROW LEVEL SECURITY;

-- One sign-in and everything that was refreshed from it.
CREATE TABLE session_families (
  id uuid CONSTRAINT session_families_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT session_families_tenant_fkey REFERENCES tenants,
  member_id uuid NOT NULL CONSTRAINT session_families_member_fkey REFERENCES team_members ON DELETE CASCADE,
  started_at timestamptz NOT NULL,
  -- However often it is refreshed: then the password is asked for again.
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_by text CONSTRAINT session_families_ended_by_check CHECK (ended_by IN ('logout', 'reuse', 'deactivated', 'password')),
  CONSTRAINT session_families_ended_check CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX session_families_member_idx ON session_families (member_id) WHERE ended_at IS NULL;
CREATE INDEX session_families_expires_at_idx ON session_families (expires_at);
ALTER TABLE session_families ENABLE ROW LEVEL SECURITY;

-- Every refresh token of a family, also the used ones: that is how a stolen copy is noticed.
CREATE TABLE refresh_tokens (
  token_hash bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY CONSTRAINT refresh_tokens_hash_check CHECK (length(token_hash) = 32),
  tenant_id uuid NOT NULL CONSTRAINT refresh_tokens_tenant_fkey REFERENCES tenants,
  family_id uuid NOT NULL CONSTRAINT refresh_tokens_family_fkey REFERENCES session_families ON DELETE CASCADE,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX refresh_tokens_family_idx ON refresh_tokens (family_id);
ALTER TABLE refresh_tokens ENABLE ROW LEVEL SECURITY;

-- The access tokens of a family that may still be alive: they end with it.
CREATE TABLE session_access_tokens (
  jti text CONSTRAINT session_access_tokens_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT session_access_tokens_tenant_fkey REFERENCES tenants,
  family_id uuid NOT NULL CONSTRAINT session_access_tokens_family_fkey REFERENCES session_families ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX session_access_tokens_family_idx ON session_access_tokens (family_id);
CREATE INDEX session_access_tokens_expires_at_idx ON session_access_tokens (expires_at);
ALTER TABLE session_access_tokens ENABLE ROW LEVEL SECURITY;

-- Buckets of attempts. Keys are hashes: who tried from where is not written down.
CREATE TABLE sign_in_attempts (
  key bytea CONSTRAINT sign_in_attempts_pkey PRIMARY KEY CONSTRAINT sign_in_attempts_key_check CHECK (length(key) = 32),
  tokens double precision NOT NULL,
  refilled_at timestamptz NOT NULL,
  -- When an account was last signed in to from this address.
  succeeded_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX sign_in_attempts_refilled_at_idx ON sign_in_attempts (refilled_at);
ALTER TABLE sign_in_attempts ENABLE ROW LEVEL SECURITY;

-- Who may be meant by an address: active members of active tenants, with their hash if they have one.
CREATE FUNCTION lotse.find_credentials(p_email text, p_tenant text, p_limit integer)
RETURNS TABLE (member_id uuid, tenant_id uuid, tenant_slug text, tenant_name text, role text, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT m.id, t.id, t.slug, t.name, m.role, c.password_hash
    FROM team_members m
    JOIN tenants t ON t.id = m.tenant_id AND t.active
    LEFT JOIN member_credentials c ON c.member_id = m.id
   WHERE m.email = p_email AND m.active AND (p_tenant IS NULL OR t.slug = p_tenant)
   ORDER BY t.slug
   LIMIT p_limit
$$;
CREATE INDEX team_members_sign_in_idx ON team_members (email) WHERE active;

-- The hash of a member of this transaction's tenant, for who has to prove that they know it.
CREATE FUNCTION lotse.password_hash(p_member uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT c.password_hash FROM member_credentials c WHERE c.member_id = p_member AND c.tenant_id = lotse.tenant() $$;

-- Sets the password of a member of this transaction's tenant. False when there is no such member.
CREATE FUNCTION lotse.set_password(p_member uuid, p_hash text, p_now timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH written AS (
    INSERT INTO member_credentials (member_id, tenant_id, password_hash, set_at)
    SELECT m.id, m.tenant_id, p_hash, p_now FROM team_members m WHERE m.id = p_member AND m.tenant_id = lotse.tenant()
    ON CONFLICT ON CONSTRAINT member_credentials_pkey
    DO UPDATE SET password_hash = EXCLUDED.password_hash, set_at = EXCLUDED.set_at
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM written)
$$;

-- The same, but what the member has chosen since stays.
CREATE FUNCTION lotse.set_first_password(p_member uuid, p_hash text, p_now timestamptz) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH written AS (
    INSERT INTO member_credentials (member_id, tenant_id, password_hash, set_at)
    SELECT m.id, m.tenant_id, p_hash, p_now FROM team_members m WHERE m.id = p_member AND m.tenant_id = lotse.tenant()
    ON CONFLICT ON CONSTRAINT member_credentials_pkey DO NOTHING
    RETURNING 1
  )
  SELECT EXISTS (SELECT FROM written)
$$;

-- Begins a session of a member of this transaction's tenant with its first pair of tokens.
CREATE FUNCTION lotse.start_session(
  p_family uuid, p_member uuid, p_hash bytea, p_jti text, p_now timestamptz, p_family_until timestamptz,
  p_refresh_until timestamptz, p_access_until timestamptz
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  INSERT INTO session_families (id, tenant_id, member_id, started_at, expires_at)
  SELECT p_family, m.tenant_id, m.id, p_now, p_family_until
    FROM team_members m WHERE m.id = p_member AND m.tenant_id = lotse.tenant() AND m.active;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO refresh_tokens (token_hash, tenant_id, family_id, issued_at, expires_at)
  VALUES (p_hash, lotse.tenant(), p_family, p_now, p_refresh_until);
  INSERT INTO session_access_tokens (jti, tenant_id, family_id, expires_at)
  VALUES (p_jti, lotse.tenant(), p_family, p_access_until);
  RETURN true;
END
$$;

-- Ends one family for good, and with it every access token that came of it. Only for the functions below.
CREATE FUNCTION lotse.end_family(p_family uuid, p_by text, p_now timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  UPDATE session_families SET ended_at = p_now, ended_by = p_by WHERE id = p_family AND ended_at IS NULL;
  INSERT INTO revoked_tokens (jti, tenant_id, revoked_at, expires_at)
  SELECT a.jti, a.tenant_id, p_now, a.expires_at FROM session_access_tokens a
   -- A token is believed for 30 seconds after its end.
   WHERE a.family_id = p_family AND a.expires_at > p_now - interval '1 minute'
  ON CONFLICT ON CONSTRAINT revoked_tokens_pkey DO NOTHING;
$$;

-- Uses a refresh token. `outcome`:
-- `rotated`  it was the newest: it is used up now, and p_new_hash takes its place;
-- `again`    it was used a moment ago (p_grace): an access token, but no refresh token;
-- `reuse`    it was used before that: somebody has a copy, so the family ends;
-- `ended`    its family, its time or its member's access is over.
-- No row: no such token.
CREATE FUNCTION lotse.refresh_session(
  p_hash bytea, p_new_hash bytea, p_jti text, p_now timestamptz, p_refresh_until timestamptz, p_access_until timestamptz,
  p_grace interval
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
  IF v_token.used_at IS NOT NULL AND v_token.used_at < p_now - p_grace THEN
    PERFORM lotse.end_family(v_family.id, 'reuse', p_now);
    RETURN QUERY SELECT 'reuse', v_family.tenant_id, v_family.member_id, v_family.id, v_role, NULL::timestamptz;
    RETURN;
  END IF;
  INSERT INTO session_access_tokens (jti, tenant_id, family_id, expires_at)
  VALUES (p_jti, v_family.tenant_id, v_family.id, p_access_until);
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

-- Ends the family of a refresh token, used or not. No row: there is none that is still open.
CREATE FUNCTION lotse.end_session(p_hash bytea, p_now timestamptz) RETURNS TABLE (tenant_id uuid, member_id uuid, family_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_family session_families;
BEGIN
  SELECT f.* INTO v_family FROM session_families f JOIN refresh_tokens t ON t.family_id = f.id
   WHERE t.token_hash = p_hash AND f.ended_at IS NULL FOR UPDATE OF f;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM lotse.end_family(v_family.id, 'logout', p_now);
  RETURN QUERY SELECT v_family.tenant_id, v_family.member_id, v_family.id;
END
$$;

-- Ends every session of a member of this transaction's tenant, but for the one that p_except (an access token's jti) belongs to.
CREATE FUNCTION lotse.end_sessions_of(p_member uuid, p_by text, p_except text, p_now timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT lotse.end_family(f.id, p_by, p_now) FROM session_families f
   WHERE f.member_id = p_member AND f.tenant_id = lotse.tenant() AND f.ended_at IS NULL
     AND NOT EXISTS (SELECT FROM session_access_tokens a WHERE a.family_id = f.id AND a.jti = p_except)
$$;

-- Takes one token of a bucket; 0 when there was one, else the seconds until there will be.
CREATE FUNCTION lotse.take_attempt(p_key bytea, p_burst double precision, p_seconds double precision, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_tokens double precision;
BEGIN
  INSERT INTO sign_in_attempts (key, tokens, refilled_at) VALUES (p_key, p_burst, p_now)
  ON CONFLICT ON CONSTRAINT sign_in_attempts_pkey DO NOTHING;
  SELECT LEAST(p_burst, a.tokens + GREATEST(EXTRACT(epoch FROM p_now - a.refilled_at), 0) / p_seconds) INTO v_tokens
    FROM sign_in_attempts a WHERE a.key = p_key FOR UPDATE;
  UPDATE sign_in_attempts a SET tokens = v_tokens - CASE WHEN v_tokens >= 1 THEN 1 ELSE 0 END, refilled_at = GREATEST(a.refilled_at, p_now)
   WHERE a.key = p_key;
  RETURN CASE WHEN v_tokens >= 1 THEN 0 ELSE GREATEST(1, CEIL((1 - v_tokens) * p_seconds)) END;
END
$$;

-- May this account be tried from this address now? 0, or the seconds to wait. Three buckets, always in this order, so that two
-- attempts never wait for each other: the address (a network of guessers), the pair (one guesser at one account), the account
-- (guessers from everywhere). Who has signed in from this address in the last 30 days is spared the last one: strangers
-- elsewhere cannot lock an account's owner out.
CREATE FUNCTION lotse.take_sign_in(p_address bytea, p_pair bytea, p_account bytea, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_wait integer;
BEGIN
  v_wait := lotse.take_attempt(p_address, 60, 5, p_now);
  IF v_wait = 0 THEN
    v_wait := lotse.take_attempt(p_pair, 6, 30, p_now);
  END IF;
  IF v_wait = 0 AND NOT EXISTS (
    SELECT FROM sign_in_attempts a WHERE a.key = p_pair AND a.succeeded_at > p_now - interval '30 days'
  ) THEN
    v_wait := lotse.take_attempt(p_account, 30, 60, p_now);
  END IF;
  RETURN v_wait;
END
$$;

-- The password was right: the attempt costs nothing.
CREATE FUNCTION lotse.sign_in_succeeded(p_address bytea, p_pair bytea, p_account bytea, p_now timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  UPDATE sign_in_attempts SET tokens = tokens + 1 WHERE key = p_address;
  UPDATE sign_in_attempts SET tokens = tokens + 1, succeeded_at = p_now WHERE key = p_pair;
  UPDATE sign_in_attempts SET tokens = tokens + 1 WHERE key = p_account;
$$;

-- Forgets sessions that are over, and buckets that are full again.
CREATE FUNCTION lotse.purge_sign_ins(p_now timestamptz) RETURNS TABLE (sessions bigint, attempts bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH tokens AS (
    DELETE FROM session_access_tokens WHERE expires_at < p_now - interval '1 hour'
  ),
  families AS (
    -- An ended one stays known until its time is over: its tokens must go on being refused with the right reason.
    DELETE FROM session_families WHERE expires_at < p_now - interval '1 day' RETURNING 1
  ),
  buckets AS (
    DELETE FROM sign_in_attempts
     WHERE refilled_at < p_now - interval '1 day' AND (succeeded_at IS NULL OR succeeded_at < p_now - interval '30 days')
    RETURNING 1
  )
  SELECT (SELECT count(*) FROM families), (SELECT count(*) FROM buckets)
$$;

REVOKE EXECUTE ON FUNCTION
  lotse.find_credentials(text, text, integer), lotse.password_hash(uuid), lotse.set_password(uuid, text, timestamptz),
  lotse.set_first_password(uuid, text, timestamptz),
  lotse.start_session(uuid, uuid, bytea, text, timestamptz, timestamptz, timestamptz, timestamptz),
  lotse.end_family(uuid, text, timestamptz),
  lotse.refresh_session(bytea, bytea, text, timestamptz, timestamptz, timestamptz, interval),
  lotse.end_session(bytea, timestamptz), lotse.end_sessions_of(uuid, text, text, timestamptz),
  lotse.take_attempt(bytea, double precision, double precision, timestamptz),
  lotse.take_sign_in(bytea, bytea, bytea, timestamptz), lotse.sign_in_succeeded(bytea, bytea, bytea, timestamptz),
  lotse.purge_sign_ins(timestamptz)
FROM PUBLIC;
-- Not lotse.end_family and lotse.take_attempt: those are steps of the others.
GRANT EXECUTE ON FUNCTION
  lotse.find_credentials(text, text, integer), lotse.password_hash(uuid), lotse.set_password(uuid, text, timestamptz),
  lotse.set_first_password(uuid, text, timestamptz),
  lotse.start_session(uuid, uuid, bytea, text, timestamptz, timestamptz, timestamptz, timestamptz),
  lotse.refresh_session(bytea, bytea, text, timestamptz, timestamptz, timestamptz, interval),
  lotse.end_session(bytea, timestamptz), lotse.end_sessions_of(uuid, text, text, timestamptz),
  lotse.take_sign_in(bytea, bytea, bytea, timestamptz), lotse.sign_in_succeeded(bytea, bytea, bytea, timestamptz),
  lotse.purge_sign_ins(timestamptz)
TO lotse_app;
