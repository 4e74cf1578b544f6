-- Effects for many partners: what waits, who takes first, what is asked about, and integrations that are down. Only widens: the
-- release before knows none of this and goes on beside it.

ALTER TABLE effects
  -- Whose calls go first when a partner takes few: a person who waits, what just happened, what is caught up on.
  ADD COLUMN priority text NOT NULL DEFAULT 'webhook' CONSTRAINT effects_priority_check CHECK (priority IN ('user', 'webhook', 'backfill')),
  ADD COLUMN not_before timestamptz,
  -- The effect whose answer this one reads.
  ADD COLUMN needs uuid CONSTRAINT effects_needs_fkey REFERENCES effects,
  ADD COLUMN asked_by text NOT NULL DEFAULT 'machine',
  -- `error` is the code, this is the partner's sentence.
  ADD COLUMN error_words text,
  ADD COLUMN fault text CONSTRAINT effects_fault_check CHECK (fault IN ('connection', 'target', 'content')),
  -- When the partner is asked about an unknown one; null: it cannot be asked, a person decides.
  ADD COLUMN look_at timestamptz,
  -- When the partner first said that there is none. It may index late, so once is not enough.
  ADD COLUMN absent_at timestamptz,
  -- Its message was sent again, and is not sent once more before.
  ADD COLUMN rests_until timestamptz;
ALTER TABLE effects
  DROP CONSTRAINT effects_status_check,
  ADD CONSTRAINT effects_status_check
    CHECK (status IN ('waiting', 'pending', 'sending', 'done', 'failed', 'unknown', 'cancelled'));

-- What stands before an effect at the same place.
CREATE INDEX effects_target_idx ON effects (tenant_id, target, created_at, id) WHERE status IN ('pending', 'sending', 'unknown');
CREATE INDEX effects_needs_idx ON effects (needs) WHERE needs IS NOT NULL;
CREATE INDEX effects_waiting_idx ON effects (next_attempt_at) WHERE status = 'waiting';
CREATE INDEX effects_look_idx ON effects (look_at) WHERE look_at IS NOT NULL;

-- A kind is `<partner>.<verb>`. Slack's first one was called otherwise, and the release before knows no other name: rows keep it
-- until that release is gone. Then a migration renames them and lets `stored_kind` give back what it is given; no code changes.
CREATE FUNCTION lotse.stored_kind(p_kind text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE p_kind WHEN 'slack.post_message' THEN 'slack_message' ELSE p_kind END $$;
CREATE FUNCTION lotse.effect_kind(p_stored text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE p_stored WHEN 'slack_message' THEN 'slack.post_message' ELSE p_stored END $$;
CREATE FUNCTION lotse.partner_of(p_stored text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE p_stored WHEN 'slack_message' THEN 'slack' ELSE split_part(p_stored, '.', 1) END $$;

-- Since when a partner does not take this tenant's key. Its effects wait until a test succeeds.
ALTER TABLE integrations ADD COLUMN down_since timestamptz;

-- The budget as it was last used, so that it can be shown; and until when a person waits for it.
ALTER TABLE rate_budgets
  ADD COLUMN per_second double precision,
  ADD COLUMN burst double precision,
  ADD COLUMN user_waits_until timestamptz;

-- Takes calls from every budget of a call, or from none. This is GCRA: `free_at` is the moment from which a budget would be whole
-- again, and a call moves it on by one interval. It is kept as `tokens` at `refilled_at`, which says the same and is what the
-- release before counts with.
--
-- A `webhook` call leaves a fifth of the budget free and a `backfill` call half of it. A `user` call may take the next free moment
-- ahead of time, when that is no more than `p_patience_ms` away: it sleeps until then, and everybody else finds it taken. While one
-- waits longer than that, no `backfill` call goes.
--
-- Who takes several calls waits for the first and owes the others, and makes each as long after the one before as the budget takes to
-- fill up by one. Waiting until all of them are free, it would wait for ever beside those that take one at a time.
CREATE FUNCTION lotse.take_calls(
  p_keys text[], p_per_second double precision[], p_burst double precision[], p_calls integer, p_priority text,
  p_patience_ms integer, p_now timestamptz, OUT taken boolean, OUT wait_ms integer
)
LANGUAGE plpgsql
AS $$
DECLARE
  v_share double precision := CASE p_priority WHEN 'user' THEN 0 WHEN 'webhook' THEN 0.2 ELSE 0.5 END;
  v_wait double precision := 0;
  v_budget record;
BEGIN
  INSERT INTO rate_budgets (tenant_id, key, tokens, refilled_at)
  SELECT lotse.tenant(), u.key, u.burst, p_now - interval '1 day'
    FROM unnest(p_keys, p_burst) AS u (key, burst)
   ORDER BY u.key
  ON CONFLICT ON CONSTRAINT rate_budgets_pkey DO NOTHING;
  -- In one order, so that two calls with the same budgets never wait for each other.
  FOR v_budget IN
    SELECT b.blocked_until, b.user_waits_until, u.per_second, u.burst,
           b.refilled_at + make_interval(secs => (u.burst - b.tokens) / u.per_second) AS free_at
      FROM rate_budgets b
      JOIN unnest(p_keys, p_per_second, p_burst) AS u (key, per_second, burst) ON u.key = b.key
     WHERE b.tenant_id = lotse.tenant()
     ORDER BY b.key
       FOR UPDATE OF b
  LOOP
    v_wait := GREATEST(
      v_wait,
      EXTRACT(epoch FROM v_budget.blocked_until - p_now),
      EXTRACT(epoch FROM v_budget.free_at - p_now) + (1 - v_budget.burst + v_share * v_budget.burst) / v_budget.per_second,
      CASE p_priority WHEN 'backfill' THEN EXTRACT(epoch FROM v_budget.user_waits_until - p_now) END
    );
  END LOOP;
  wait_ms := CEIL(LEAST(v_wait, 86400) * 1000);
  taken := wait_ms <= CASE p_priority WHEN 'user' THEN p_patience_ms ELSE 0 END;
  IF taken THEN
    UPDATE rate_budgets b
       SET tokens = u.burst - p_calls
                    - GREATEST(EXTRACT(epoch FROM b.refilled_at - p_now) * u.per_second + u.burst - b.tokens, 0),
           refilled_at = p_now, per_second = u.per_second, burst = u.burst, user_waits_until = NULL
      FROM unnest(p_keys, p_per_second, p_burst) AS u (key, per_second, burst)
     WHERE b.tenant_id = lotse.tenant() AND b.key = u.key;
  ELSIF p_priority = 'user' THEN
    -- A second more than the wait, in which the call comes back.
    UPDATE rate_budgets b
       SET user_waits_until = GREATEST(b.user_waits_until, p_now + make_interval(secs => wait_ms / 1000.0 + 1))
     WHERE b.tenant_id = lotse.tenant() AND b.key = ANY (p_keys);
  END IF;
END
$$;

-- The partner said when to come back: nobody with this key calls before, and then one call at a time.
CREATE FUNCTION lotse.pause_calls(p_key text, p_until timestamptz) RETURNS void
LANGUAGE sql
AS $$
  INSERT INTO rate_budgets AS b (tenant_id, key, tokens, refilled_at, blocked_until)
  VALUES (lotse.tenant(), p_key, 1, p_until, p_until)
  ON CONFLICT ON CONSTRAINT rate_budgets_pkey
  DO UPDATE SET tokens = LEAST(b.tokens, 1),
                refilled_at = GREATEST(b.refilled_at, EXCLUDED.refilled_at),
                blocked_until = GREATEST(b.blocked_until, EXCLUDED.blocked_until)
$$;

-- Effects that should have been tried before a moment and do not rest, of all tenants that are active: their message was lost. With
-- the moment it was sent for, so that the one that is sent instead is the same.
CREATE FUNCTION lotse.lost_effects(p_before timestamptz, p_now timestamptz, p_limit integer)
RETURNS TABLE (id uuid, tenant_id uuid, kind text, moment timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT e.id, e.tenant_id, e.kind, e.next_attempt_at FROM effects e
    JOIN tenants t ON t.id = e.tenant_id AND t.active
   WHERE e.status IN ('pending', 'sending') AND e.next_attempt_at <= p_before AND (e.rests_until IS NULL OR e.rests_until <= p_now)
   ORDER BY e.next_attempt_at, e.id LIMIT p_limit
$$;

-- Effects that wait and whose moment has come, of all tenants that are active.
CREATE FUNCTION lotse.ready_effects(p_now timestamptz, p_limit integer) RETURNS TABLE (id uuid, tenant_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT e.id, e.tenant_id FROM effects e
    JOIN tenants t ON t.id = e.tenant_id AND t.active
   WHERE e.status = 'waiting' AND e.next_attempt_at <= p_now
   ORDER BY e.next_attempt_at, e.id LIMIT p_limit
$$;

-- Unknown effects that a partner should have been asked about.
CREATE FUNCTION lotse.doubtful_effects(p_before timestamptz, p_limit integer)
RETURNS TABLE (id uuid, tenant_id uuid, kind text, moment timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT e.id, e.tenant_id, e.kind, e.look_at FROM effects e
    JOIN tenants t ON t.id = e.tenant_id AND t.active
   WHERE e.look_at <= p_before AND e.status = 'unknown'
   ORDER BY e.look_at, e.id LIMIT p_limit
$$;

-- Effects that others still wait for although they have ended, by whatever way: a released row is set right where it ends, and this
-- finds what was missed.
CREATE FUNCTION lotse.settled_needs(p_limit integer) RETURNS TABLE (tenant_id uuid, id uuid, status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT DISTINCT n.tenant_id, n.id, n.status FROM effects e
    JOIN effects n ON n.id = e.needs AND n.status IN ('done', 'failed', 'cancelled')
    JOIN tenants t ON t.id = e.tenant_id AND t.active
   WHERE e.status = 'waiting' AND e.next_attempt_at = 'infinity'
   LIMIT p_limit
$$;

-- Integrations that are up again while effects are still held back for them.
CREATE FUNCTION lotse.held_integrations(p_limit integer) RETURNS TABLE (tenant_id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT i.tenant_id, i.name
    FROM integrations i
    JOIN tenants t ON t.id = i.tenant_id AND t.active
   WHERE i.down_since IS NULL
     AND (i.tenant_id, i.name) IN (SELECT e.tenant_id, lotse.partner_of(e.kind) FROM effects e
                                    WHERE e.status IN ('pending', 'sending') AND e.next_attempt_at = 'infinity')
   ORDER BY i.tenant_id, i.name LIMIT p_limit
$$;

REVOKE EXECUTE ON FUNCTION
  lotse.stored_kind(text), lotse.effect_kind(text), lotse.partner_of(text),
  lotse.take_calls(text[], double precision[], double precision[], integer, text, integer, timestamptz),
  lotse.pause_calls(text, timestamptz), lotse.lost_effects(timestamptz, timestamptz, integer), lotse.ready_effects(timestamptz, integer),
  lotse.doubtful_effects(timestamptz, integer), lotse.settled_needs(integer), lotse.held_integrations(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  lotse.stored_kind(text), lotse.effect_kind(text), lotse.partner_of(text),
  lotse.take_calls(text[], double precision[], double precision[], integer, text, integer, timestamptz),
  lotse.pause_calls(text, timestamptz), lotse.lost_effects(timestamptz, timestamptz, integer), lotse.ready_effects(timestamptz, integer),
  lotse.doubtful_effects(timestamptz, integer), lotse.settled_needs(integer), lotse.held_integrations(integer) TO lotse_app;
