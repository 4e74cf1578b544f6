-- Invitations and forgotten passwords: mails with a token that sets a password, once, within an hour.

-- A row is one mail and its token. Beside the team and not in it, and closed like the passwords: each step is a narrow function below.
CREATE TABLE account_mails (
  id uuid CONSTRAINT account_mails_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT account_mails_tenant_fkey REFERENCES tenants,
  member_id uuid NOT NULL CONSTRAINT account_mails_member_fkey REFERENCES team_members ON DELETE CASCADE,
  purpose text NOT NULL CONSTRAINT account_mails_purpose_check CHECK (purpose IN ('invite', 'reset')),
  -- Who asked: a message delivered twice is the same mail.
  request_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  -- sending: claimed by a worker; pending: surely not sent, and tried again; unknown: perhaps sent, and never again.
  status text NOT NULL CONSTRAINT account_mails_status_check CHECK (status IN ('sending', 'pending', 'sent', 'failed', 'unknown')),
  reason text,
  created_at timestamptz NOT NULL,
  claimed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE UNIQUE INDEX account_mails_request_key ON account_mails (request_id, member_id);
CREATE UNIQUE INDEX account_mails_token_key ON account_mails (token_hash);
CREATE INDEX account_mails_member_idx ON account_mails (member_id, created_at);
CREATE INDEX account_mails_expiry_idx ON account_mails (expires_at);
ALTER TABLE account_mails ENABLE ROW LEVEL SECURITY;

-- Claims the mails of a request for sending, each with the hash of a token of its own: one for the member of an invitation, or one for each
-- active member with an address, of one tenant or of at most three. A mail that is under way or was sent is not given again. Nobody gets
-- more than five of these mails in an hour.
CREATE FUNCTION lotse.claim_account_mails(
  p_request uuid, p_purpose text, p_member uuid, p_email text, p_tenant text, p_ids uuid[], p_hashes bytea[], p_now timestamptz,
  p_expires timestamptz
) RETURNS TABLE (id uuid, token_hash bytea, email text, name text, tenant_name text, tenant_slug text, language text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  -- Old rows go when new ones come.
  DELETE FROM account_mails a WHERE a.expires_at < p_now - interval '7 days';
  -- Whoever claimed and died may have sent it.
  UPDATE account_mails a SET status = 'unknown', reason = 'the worker ended before the answer'
   WHERE a.request_id = p_request AND a.status = 'sending' AND a.claimed_at < p_now - interval '10 minutes';
  RETURN QUERY
  WITH meant AS (
    SELECT m.id, m.tenant_id, m.email, m.name, t.name AS tenant_name, t.slug, t.language,
           row_number() OVER (ORDER BY t.slug) AS nth
      FROM team_members m
      JOIN tenants t ON t.id = m.tenant_id AND t.active
     WHERE m.active
       AND CASE WHEN p_member IS NULL THEN m.email = p_email AND (p_tenant IS NULL OR t.slug = p_tenant) ELSE m.id = p_member END
       AND (SELECT count(*) FROM account_mails a
             WHERE a.member_id = m.id AND a.created_at > p_now - interval '1 hour' AND a.request_id <> p_request) < 5
     ORDER BY t.slug
     LIMIT 3
  ), claimed AS (
    INSERT INTO account_mails AS a (id, tenant_id, member_id, purpose, request_id, token_hash, status, created_at, claimed_at, expires_at)
    SELECT p_ids[n.nth], n.tenant_id, n.id, p_purpose, p_request, p_hashes[n.nth], 'sending', p_now, p_now, p_expires
      FROM meant n
    ON CONFLICT (request_id, member_id)
    DO UPDATE SET token_hash = EXCLUDED.token_hash, status = 'sending', claimed_at = EXCLUDED.claimed_at, expires_at = EXCLUDED.expires_at
     WHERE a.status = 'pending'
    RETURNING a.id, a.member_id, a.token_hash
  )
  SELECT c.id, c.token_hash, n.email, n.name, n.tenant_name, n.slug, n.language
    FROM claimed c JOIN meant n ON n.id = c.member_id;
END
$$;

-- What became of a mail.
CREATE FUNCTION lotse.settle_account_mail(p_id uuid, p_status text, p_reason text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$ UPDATE account_mails SET status = p_status, reason = p_reason WHERE id = p_id AND status = 'sending' $$;

-- Whose password a token sets, while it is good.
CREATE FUNCTION lotse.find_account_token(p_hash bytea, p_purpose text, p_now timestamptz)
RETURNS TABLE (member_id uuid, tenant_id uuid, email text, tenant_slug text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT m.id, t.id, m.email, t.slug
    FROM account_mails a
    JOIN team_members m ON m.id = a.member_id AND m.active
    JOIN tenants t ON t.id = a.tenant_id AND t.active
   WHERE a.token_hash = p_hash AND a.purpose = p_purpose AND a.used_at IS NULL AND a.expires_at > p_now
$$;

-- Uses it: within this transaction's tenant, once. All other tokens of the member are used up with it. False: somebody was faster.
CREATE FUNCTION lotse.use_account_token(p_hash bytea, p_purpose text, p_now timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_member uuid;
BEGIN
  UPDATE account_mails a SET used_at = p_now
   WHERE a.token_hash = p_hash AND a.purpose = p_purpose AND a.tenant_id = lotse.tenant() AND a.used_at IS NULL AND a.expires_at > p_now
  RETURNING a.member_id INTO v_member;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE account_mails a SET used_at = p_now WHERE a.member_id = v_member AND a.used_at IS NULL;
  RETURN true;
END
$$;

REVOKE EXECUTE ON FUNCTION
  lotse.claim_account_mails(uuid, text, uuid, text, text, uuid[], bytea[], timestamptz, timestamptz),
  lotse.settle_account_mail(uuid, text, text),
  lotse.find_account_token(bytea, text, timestamptz),
  lotse.use_account_token(bytea, text, timestamptz)
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  lotse.claim_account_mails(uuid, text, uuid, text, text, uuid[], bytea[], timestamptz, timestamptz),
  lotse.settle_account_mail(uuid, text, text),
  lotse.find_account_token(bytea, text, timestamptz),
  lotse.use_account_token(bytea, text, timestamptz)
TO lotse_app;
