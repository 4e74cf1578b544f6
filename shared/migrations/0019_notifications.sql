-- What concerns a member: given to them, overdue, failed. Written by triggers, in the transaction that causes it, whatever function,
-- person or machine it is: nobody who gives work away can forget to say so. Expands only.

CREATE TABLE notifications (
  id uuid CONSTRAINT notifications_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
  -- No foreign key to tenants, see leads.
  tenant_id uuid NOT NULL,
  -- Whom it concerns.
  member_id uuid NOT NULL CONSTRAINT notifications_member_fkey REFERENCES team_members ON DELETE CASCADE,
  kind text NOT NULL CONSTRAINT notifications_kind_check CHECK (kind IN ('assigned', 'overdue', 'failed')),
  -- What it follows from: told once.
  cause text NOT NULL,
  record_type text NOT NULL CONSTRAINT notifications_record_check CHECK (record_type IN ('lead', 'deal', 'task')),
  -- No foreign key: what it is about may be gone by the time it is read.
  record_id uuid NOT NULL,
  -- The lead that it is about, or that its deal or task is about.
  lead_id uuid,
  -- How many of each were given at once.
  leads integer NOT NULL DEFAULT 0,
  deals integer NOT NULL DEFAULT 0,
  tasks integer NOT NULL DEFAULT 0,
  -- The member who did it; null: the machine, or an API key.
  actor_id uuid,
  -- Why it failed.
  error text,
  -- Not the beginning of a transaction that took its time: whoever marks all as read has not seen what comes after.
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  read_at timestamptz,
  CONSTRAINT notifications_cause_key UNIQUE (member_id, cause)
);
CREATE INDEX notifications_member_idx ON notifications (member_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread_idx ON notifications (member_id, created_at DESC, id DESC) WHERE read_at IS NULL;
-- By whole days, see inbox_age_idx.
CREATE INDEX notifications_age_idx ON notifications (lotse.utc_day(created_at));
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY notifications_own ON notifications
  USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON notifications TO lotse_app;

-- The member who acts in this transaction; null: a machine.
CREATE FUNCTION lotse.member() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('lotse.member', true), '')::uuid $$;

-- As before, and keeps for the transaction who it is.
CREATE OR REPLACE FUNCTION lotse.enter_tenant(p_tenant uuid, p_jti text, p_member uuid, p_emails text[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF EXISTS (SELECT FROM team_members m WHERE m.id = p_member AND m.tenant_id = p_tenant AND NOT m.active)
     OR EXISTS (SELECT FROM team_members m WHERE m.tenant_id = p_tenant AND m.email = ANY (p_emails) AND NOT m.active) THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('lotse.member', COALESCE(p_member::text, ''), true);
  RETURN lotse.enter_tenant(p_tenant, p_jti);
END
$$;

-- Tells the new owner of a record. What somebody gives away at once is told at once: a lead with its deal and task, or three hundred
-- leads. What the machine gives is told lead by lead.
CREATE FUNCTION lotse.tell_owner() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
  v_type text := TG_ARGV[0];
  v_lead uuid := CASE v_type WHEN 'lead' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'lead_id')::uuid END;
  v_actor uuid := lotse.member();
BEGIN
  IF NEW.owner_id = v_actor OR NOT EXISTS (SELECT FROM team_members m WHERE m.id = NEW.owner_id AND m.active) THEN
    RETURN NULL;
  END IF;
  INSERT INTO notifications AS n (tenant_id, member_id, kind, cause, record_type, record_id, lead_id, leads, deals, tasks, actor_id)
  VALUES (NEW.tenant_id, NEW.owner_id, 'assigned',
          concat_ws(':', 'assigned', (extract(epoch FROM now()) * 1000000)::bigint, pg_current_xact_id(),
                    CASE WHEN v_actor IS NULL THEN COALESCE(v_lead, NEW.id) END),
          v_type, NEW.id, v_lead, (v_type = 'lead')::integer, (v_type = 'deal')::integer, (v_type = 'task')::integer, v_actor)
  ON CONFLICT ON CONSTRAINT notifications_cause_key
  DO UPDATE SET leads = n.leads + EXCLUDED.leads, deals = n.deals + EXCLUDED.deals, tasks = n.tasks + EXCLUDED.tasks,
                -- A lead says more than its deal, and that more than its task.
                record_id = CASE WHEN (n.record_type, EXCLUDED.record_type) IN (('deal', 'lead'), ('task', 'lead'), ('task', 'deal'))
                                 THEN EXCLUDED.record_id ELSE n.record_id END,
                lead_id = CASE WHEN (n.record_type, EXCLUDED.record_type) IN (('deal', 'lead'), ('task', 'lead'), ('task', 'deal'))
                               THEN EXCLUDED.lead_id ELSE n.lead_id END,
                record_type = CASE WHEN (n.record_type, EXCLUDED.record_type) IN (('deal', 'lead'), ('task', 'lead'), ('task', 'deal'))
                                   THEN EXCLUDED.record_type ELSE n.record_type END;
  RETURN NULL;
END
$$;
CREATE TRIGGER leads_tell_new AFTER INSERT ON leads
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL) EXECUTE FUNCTION lotse.tell_owner('lead');
CREATE TRIGGER leads_tell_owner AFTER UPDATE OF owner_id ON leads
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL AND NEW.owner_id IS DISTINCT FROM OLD.owner_id) EXECUTE FUNCTION lotse.tell_owner('lead');
CREATE TRIGGER deals_tell_new AFTER INSERT ON deals
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL AND NEW.status = 'open') EXECUTE FUNCTION lotse.tell_owner('deal');
CREATE TRIGGER deals_tell_owner AFTER UPDATE OF owner_id ON deals
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL AND NEW.owner_id IS DISTINCT FROM OLD.owner_id AND NEW.status = 'open')
  EXECUTE FUNCTION lotse.tell_owner('deal');
CREATE TRIGGER tasks_tell_new AFTER INSERT ON tasks
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL AND NEW.status = 'open') EXECUTE FUNCTION lotse.tell_owner('task');
CREATE TRIGGER tasks_tell_owner AFTER UPDATE OF owner_id ON tasks
  FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL AND NEW.owner_id IS DISTINCT FROM OLD.owner_id AND NEW.status = 'open')
  EXECUTE FUNCTION lotse.tell_owner('task');

-- The reminder of a task that is due: beside the message to Slack, in the transaction that notes it.
CREATE FUNCTION lotse.tell_overdue() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  INSERT INTO notifications (tenant_id, member_id, kind, cause, record_type, record_id, lead_id, tasks)
  SELECT NEW.tenant_id, m.id, 'overdue', concat_ws(':', 'overdue', NEW.id, extract(epoch FROM NEW.due_at)::bigint), 'task', NEW.id,
         NEW.lead_id, 1
    FROM team_members m
   WHERE m.id = NEW.owner_id AND m.active
  ON CONFLICT ON CONSTRAINT notifications_cause_key DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER tasks_tell_overdue AFTER UPDATE OF reminded_at ON tasks
  FOR EACH ROW WHEN (OLD.reminded_at IS NULL AND NEW.reminded_at IS NOT NULL AND NEW.status = 'open' AND NEW.owner_id IS NOT NULL)
  EXECUTE FUNCTION lotse.tell_overdue();

-- An effect about a lead that was refused, or about which nobody but a person can find out: its owner is told. When it is tried again
-- and fails again, that is the same row, unread again.
CREATE FUNCTION lotse.tell_failed() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  INSERT INTO notifications AS n (tenant_id, member_id, kind, cause, record_type, record_id, lead_id, leads, error)
  SELECT NEW.tenant_id, m.id, 'failed', concat_ws(':', 'failed', NEW.id), 'lead', l.id, l.id, 1, COALESCE(NEW.error_words, NEW.error)
    FROM leads l
    JOIN team_members m ON m.id = l.owner_id AND m.active
   WHERE l.id = NEW.lead_id
  ON CONFLICT ON CONSTRAINT notifications_cause_key
  DO UPDATE SET error = EXCLUDED.error, created_at = EXCLUDED.created_at, read_at = NULL;
  RETURN NULL;
END
$$;
-- Where a partner cannot be asked, look_at alone changes. What fails because another did is told with that one.
CREATE TRIGGER effects_tell_failed AFTER UPDATE OF status, look_at ON effects
  FOR EACH ROW WHEN (NEW.lead_id IS NOT NULL
                     AND (NEW.status = 'failed' AND NEW.error IS DISTINCT FROM 'needs_failed'
                          OR NEW.status = 'unknown' AND NEW.look_at IS NULL)
                     AND NOT (OLD.status = 'failed' AND OLD.error IS DISTINCT FROM 'needs_failed'
                              OR OLD.status = 'unknown' AND OLD.look_at IS NULL))
  EXECUTE FUNCTION lotse.tell_failed();

-- Read ones are kept 30 days, others 90. Deletes the oldest, p_limit in all, and answers with how many; to be called until it is fewer.
CREATE FUNCTION lotse.purge_notifications(p_now timestamptz, p_limit integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH old AS (
    SELECT n.id FROM notifications n
     WHERE lotse.utc_day(n.created_at) < lotse.utc_day(LEAST(p_now, now())) - 30
       AND (n.read_at IS NOT NULL OR lotse.utc_day(n.created_at) < lotse.utc_day(LEAST(p_now, now())) - 90)
     ORDER BY lotse.utc_day(n.created_at) LIMIT p_limit
  ),
  gone AS (
    DELETE FROM notifications n WHERE n.id = ANY (ARRAY(SELECT o.id FROM old o)) RETURNING 1
  )
  SELECT count(*)::integer FROM gone
$$;

REVOKE EXECUTE ON FUNCTION lotse.member(), lotse.tell_owner(), lotse.tell_overdue(), lotse.tell_failed(),
  lotse.purge_notifications(timestamptz, integer) FROM PUBLIC;
-- utc_day for the index, which whoever writes a row fills.
GRANT EXECUTE ON FUNCTION lotse.member(), lotse.utc_day(timestamptz), lotse.purge_notifications(timestamptz, integer) TO lotse_app;
