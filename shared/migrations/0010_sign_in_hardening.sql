-- Signing in, where several things happen at once: who loses a right loses it at once, a password that was changed meanwhile starts
-- no session, and what ends a session is noted with it.

-- The access tokens of a member of this transaction's tenant are refused from now on; their sessions go on, and the next refresh
-- gives them what the member may do now.
CREATE FUNCTION lotse.revoke_access_of(p_member uuid, p_now timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- A refresh on its way has read the member as they were before: it is waited for, and its token is seen below.
  PERFORM FROM session_families f
    WHERE f.member_id = p_member AND f.tenant_id = lotse.tenant() AND f.ended_at IS NULL
    ORDER BY f.id
      FOR UPDATE;
  INSERT INTO revoked_tokens (jti, tenant_id, revoked_at, expires_at)
  SELECT a.jti, a.tenant_id, p_now, a.expires_at
    FROM session_families f
    JOIN session_access_tokens a ON a.family_id = f.id
   -- A token is believed for 30 seconds after its end.
   WHERE f.member_id = p_member AND f.tenant_id = lotse.tenant() AND f.ended_at IS NULL AND a.expires_at > p_now - interval '1 minute'
  ON CONFLICT ON CONSTRAINT revoked_tokens_pkey DO NOTHING;
END
$$;

-- Begins a session of a member of this transaction's tenant with its first pair of tokens. Answers with the member's role; NULL when
-- the member is no longer active, or the hash that was verified is no longer theirs.
--
-- Member and password are locked in the order in which a change of the member locks them: a change on its way is waited for and then
-- seen, and one that comes later finds this session, and ends it where it has to.
CREATE FUNCTION lotse.start_session(
  p_family uuid, p_member uuid, p_verified text, p_hash bytea, p_jti text, p_now timestamptz, p_family_until timestamptz,
  p_refresh_until timestamptz, p_access_until timestamptz
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_role text;
BEGIN
  SELECT m.role INTO v_role FROM team_members m
   WHERE m.id = p_member AND m.tenant_id = lotse.tenant() AND m.active
     FOR SHARE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  PERFORM FROM member_credentials c WHERE c.member_id = p_member AND c.password_hash = p_verified FOR SHARE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  INSERT INTO session_families (id, tenant_id, member_id, started_at, expires_at)
  VALUES (p_family, lotse.tenant(), p_member, p_now, p_family_until);
  INSERT INTO refresh_tokens (token_hash, tenant_id, family_id, issued_at, expires_at)
  VALUES (p_hash, lotse.tenant(), p_family, p_now, p_refresh_until);
  INSERT INTO session_access_tokens (jti, tenant_id, family_id, expires_at)
  VALUES (p_jti, lotse.tenant(), p_family, p_access_until);
  RETURN v_role;
END
$$;
-- Nobody begins a session without the proof any more.
DROP FUNCTION lotse.start_session(uuid, uuid, bytea, text, timestamptz, timestamptz, timestamptz, timestamptz);

-- What a session's end leaves in the audit log, also when its tenant was switched off. Only for the functions below.
CREATE FUNCTION lotse.note_session(
  p_audit uuid, p_tenant uuid, p_actor text, p_action text, p_record text, p_now timestamptz, p_request text
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id, request_id)
  VALUES (p_audit, p_tenant, p_now, 'person', p_actor, p_action, 'session', p_record, p_request)
$$;

-- As before; a family that ends because of a copy is noted (p_audit, p_request) in the same breath.
CREATE FUNCTION lotse.refresh_session(
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
  IF v_token.used_at IS NOT NULL AND v_token.used_at < p_now - p_grace THEN
    PERFORM lotse.end_family(v_family.id, 'reuse', p_now);
    PERFORM lotse.note_session(p_audit, v_family.tenant_id, v_family.member_id::text, 'end_stolen', v_family.id::text, p_now, p_request);
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
DROP FUNCTION lotse.refresh_session(bytea, bytea, text, timestamptz, timestamptz, timestamptz, interval);

-- Ends the family of a refresh token, used or not, and notes it. False: there is none that is still open.
CREATE FUNCTION lotse.sign_out(p_hash bytea, p_now timestamptz, p_audit uuid, p_request text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_family session_families;
BEGIN
  SELECT f.* INTO v_family FROM session_families f JOIN refresh_tokens t ON t.family_id = f.id
   WHERE t.token_hash = p_hash AND f.ended_at IS NULL FOR UPDATE OF f;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM lotse.end_family(v_family.id, 'logout', p_now);
  PERFORM lotse.note_session(p_audit, v_family.tenant_id, v_family.member_id::text, 'sign_out', v_family.id::text, p_now, p_request);
  RETURN true;
END
$$;
DROP FUNCTION lotse.end_session(bytea, timestamptz);

-- The same for an access token of this transaction's tenant whose signature was checked: it is refused from now on, until it ends by
-- itself, and so is everything of its session. One of an identity provider has none (NULL). No row: it was refused before.
CREATE FUNCTION lotse.revoke_token(p_jti text, p_until timestamptz, p_now timestamptz) RETURNS TABLE (family_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_family uuid;
BEGIN
  SELECT f.id INTO v_family FROM session_families f JOIN session_access_tokens a ON a.family_id = f.id
   WHERE a.jti = p_jti AND f.tenant_id = lotse.tenant() AND f.ended_at IS NULL FOR UPDATE OF f;
  INSERT INTO revoked_tokens (jti, tenant_id, revoked_at, expires_at) VALUES (p_jti, lotse.tenant(), p_now, p_until)
  ON CONFLICT ON CONSTRAINT revoked_tokens_pkey DO NOTHING;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF v_family IS NOT NULL THEN
    PERFORM lotse.end_family(v_family, 'logout', p_now);
  END IF;
  RETURN QUERY SELECT v_family;
END
$$;

-- At most three, whatever is asked for: no more hashes of an address than one sign-in tries.
CREATE OR REPLACE FUNCTION lotse.find_credentials(p_email text, p_tenant text, p_limit integer)
RETURNS TABLE (member_id uuid, tenant_id uuid, tenant_slug text, tenant_name text, role text, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT m.id, t.id, t.slug, t.name, m.role, c.password_hash
    FROM team_members m
    JOIN tenants t ON t.id = m.tenant_id AND t.active
    LEFT JOIN member_credentials c ON c.member_id = m.id
   WHERE m.email = p_email AND m.active AND (p_tenant IS NULL OR t.slug = p_tenant)
   ORDER BY t.slug
   LIMIT LEAST(p_limit, 3)
$$;

-- May this account be tried from this address now? `wait` is 0, or the seconds to wait; `counted` says whether the account's bucket
-- was taken from. Three buckets, always in this order, so that two attempts never wait for each other: the address (a network of
-- guessers), the pair (one guesser at one account), the account (guessers from everywhere).
--
-- Who has signed in from this address in the last 30 days is spared the account's bucket. So strangers elsewhere cannot lock an
-- account's owner out of where they usually are; from a network that is new to the account they can, for as long as they go on.
CREATE FUNCTION lotse.take_attempts(p_address bytea, p_pair bytea, p_account bytea, p_now timestamptz)
RETURNS TABLE (wait integer, counted boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  counted := false;
  wait := lotse.take_attempt(p_address, 60, 5, p_now);
  IF wait = 0 THEN
    wait := lotse.take_attempt(p_pair, 6, 30, p_now);
  END IF;
  IF wait = 0 AND NOT EXISTS (
    SELECT FROM sign_in_attempts a WHERE a.key = p_pair AND a.succeeded_at > p_now - interval '30 days'
  ) THEN
    wait := lotse.take_attempt(p_account, 30, 60, p_now);
    counted := wait = 0;
  END IF;
  RETURN NEXT;
END
$$;
DROP FUNCTION lotse.take_sign_in(bytea, bytea, bytea, timestamptz);

REVOKE EXECUTE ON FUNCTION
  lotse.revoke_access_of(uuid, timestamptz),
  lotse.start_session(uuid, uuid, text, bytea, text, timestamptz, timestamptz, timestamptz, timestamptz),
  lotse.note_session(uuid, uuid, text, text, text, timestamptz, text),
  lotse.refresh_session(bytea, bytea, text, timestamptz, timestamptz, timestamptz, interval, uuid, text),
  lotse.sign_out(bytea, timestamptz, uuid, text),
  lotse.revoke_token(text, timestamptz, timestamptz),
  lotse.take_attempts(bytea, bytea, bytea, timestamptz)
FROM PUBLIC;
-- Not lotse.note_session: that is a step of the others.
GRANT EXECUTE ON FUNCTION
  lotse.revoke_access_of(uuid, timestamptz),
  lotse.start_session(uuid, uuid, text, bytea, text, timestamptz, timestamptz, timestamptz, timestamptz),
  lotse.refresh_session(bytea, bytea, text, timestamptz, timestamptz, timestamptz, interval, uuid, text),
  lotse.sign_out(bytea, timestamptz, uuid, text),
  lotse.revoke_token(text, timestamptz, timestamptz),
  lotse.take_attempts(bytea, bytea, bytea, timestamptz)
TO lotse_app;
