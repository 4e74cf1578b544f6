-- What outlasts an outage, and what nobody waits for without end.

-- Time limits. A function that was frozen or killed between two statements holds its locks until the server notices; a statement that
-- nobody waits for any more goes on all the same. Endpoints have less (lotse.limit_statements), jobs may give themselves more.
DO $$
DECLARE
  v_limit text;
BEGIN
  FOREACH v_limit IN ARRAY ARRAY['statement_timeout=25s', 'lock_timeout=5s', 'idle_in_transaction_session_timeout=15s'] LOOP
    -- The role is the whole cluster's: two databases that are migrated at once would change the same row of the catalogue.
    CONTINUE WHEN EXISTS (
      SELECT FROM pg_db_role_setting s WHERE s.setdatabase = 0 AND s.setrole = 'lotse_app'::regrole AND v_limit = ANY (s.setconfig));
    EXECUTE format('ALTER ROLE lotse_app SET %I = %L', split_part(v_limit, '=', 1), split_part(v_limit, '=', 2));
  END LOOP;
END
$$;

-- Another limit for the statements of this transaction that follow. `set_config` stands inside a function on purpose: RDS Proxy pins
-- a connection that sends SET itself. It goes along with the tenant's entry and costs no round trip of its own.
CREATE FUNCTION lotse.limit_statements(p_milliseconds integer) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM set_config('statement_timeout', p_milliseconds::text, true);
END
$$;

-- Dead letters that were given up although nothing is wrong with them: what a consumer needs was away for longer than its queue has
-- patience. They go back by themselves, the oldest first, each time after a longer rest; after the fifth time a person has to look.
CREATE INDEX inbox_given_up_idx ON inbox (received_at, id)
  WHERE kind = 'dead_letter' AND reason = 'gave_up' AND status = 'open' AND replays < 5;

-- Locked for this transaction, across tenants. A queue that this release does not know is left for one that does.
CREATE FUNCTION lotse.claim_given_up(p_queues text[], p_now timestamptz, p_limit integer, p_body_bytes integer, p_bytes integer)
RETURNS TABLE (id uuid, queue text, body text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH locked AS (
    SELECT i.id, i.queue, i.body, i.received_at
      FROM inbox i
     WHERE i.kind = 'dead_letter' AND i.reason = 'gave_up' AND i.status = 'open' AND i.replays < 5
       AND i.queue = ANY (p_queues)
       AND octet_length(i.body) <= p_body_bytes
       -- A quarter of an hour, an hour, four hours, sixteen.
       AND (i.replays = 0 OR i.replayed_at <= p_now - interval '15 minutes' * 4 ^ (i.replays - 1))
     ORDER BY i.received_at, i.id
     LIMIT p_limit
       FOR UPDATE SKIP LOCKED
  ),
  sized AS (
    SELECT l.*, sum(octet_length(l.body)) OVER (ORDER BY l.received_at, l.id) AS bytes FROM locked l
  )
  SELECT s.id, s.queue, s.body FROM sized s WHERE s.bytes <= p_bytes ORDER BY s.received_at, s.id
$$;

-- They are on their queue again.
CREATE FUNCTION lotse.note_sent_again(p_ids uuid[], p_now timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  UPDATE inbox i
     SET status = 'replayed', replayed_at = p_now, replays = i.replays + 1
   WHERE i.id = ANY (p_ids) AND i.kind = 'dead_letter' AND i.reason = 'gave_up' AND i.status = 'open'
$$;

-- The tenant's day that a daily job has done last. An hour that was missed is made up for by the next one.
CREATE TABLE daily_runs (
  tenant_id uuid NOT NULL CONSTRAINT daily_runs_tenant_fkey REFERENCES tenants,
  job text NOT NULL,
  day date NOT NULL,
  CONSTRAINT daily_runs_pkey PRIMARY KEY (tenant_id, job)
);
ALTER TABLE daily_runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY daily_runs_own ON daily_runs
  USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()));
GRANT SELECT, INSERT, UPDATE ON daily_runs TO lotse_app;

-- For jobs that work once in each tenant's day: all active tenants, with the day that was done last (null: none yet).
CREATE FUNCTION lotse.daily_tenants(p_job text) RETURNS TABLE (id uuid, zone text, last_day date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT t.id, t.zone, d.day
    FROM tenants t
    LEFT JOIN daily_runs d ON d.tenant_id = t.id AND d.job = p_job
   WHERE t.active
   ORDER BY t.id
$$;

-- Partitions of events. The default partition takes the months that have none; from there they move into partitions of their own
-- without anybody noticing, however many rows there are:
--
--   1. stage_default_events   a table for each month that is there, and the next default partition, all of them empty and apart
--   2. mirror_default_events  from now on whatever happens to the default partition happens to them too
--   3. copy_default_events    what was there before follows, a few hundred rows in a transaction
--   4. swap_default_events    the old default partition out, its copies in: only the catalogue changes
--   5. drop_drained_events    the old one is thrown away
--
-- Rows are never out of sight, as they would be if they were moved to a table that is not attached yet; and the default partition can
-- take any month all the time, as it could not with a constraint that makes attaching cheap. Each step may be repeated and finds out
-- by itself how far the one before came. Steps 2 and 4 need a lock that others wait for: their caller limits the whole statement,
-- waiting included, and tries again.

-- Where a row of the default partition belongs while that is being drained.
CREATE FUNCTION lotse.staged_month(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
  SELECT CASE WHEN to_regclass(m.name) IS NULL THEN 'events_default_next' ELSE m.name END
    FROM (SELECT 'events_' || to_char(p_at AT TIME ZONE 'UTC', 'YYYY_MM') AS name) m
$$;

-- Tables of months that are complete but for their place in `events`, with their first day.
CREATE FUNCTION lotse.staged_months() RETURNS TABLE (name text, month date)
LANGUAGE sql STABLE SET search_path = public, pg_temp
AS $$
  SELECT c.relname::text, to_date(substr(c.relname, 8), 'YYYY_MM')
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition AND c.relname ~ '^events_\d{4,}_\d{2}$'
   ORDER BY 2
$$;

-- A table like `events`, which can be attached without being read: its constraint says already what the partition's bounds will say.
CREATE FUNCTION lotse.make_event_month(p_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_name text := 'events_' || to_char(p_month, 'YYYY_MM');
BEGIN
  EXECUTE format(
    'CREATE TABLE %I (LIKE events INCLUDING ALL, CONSTRAINT %I CHECK (occurred_at >= %L AND occurred_at < %L))',
    v_name, v_name || '_month_check', p_month::timestamp AT TIME ZONE 'UTC', (p_month + interval '1 month') AT TIME ZONE 'UTC');
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_name);
  RETURN v_name;
END
$$;

-- The table of a month that is to come, apart: it takes as long as it takes, and nobody waits for it. False when there is one.
CREATE FUNCTION lotse.prepare_event_month(p_month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF to_regclass('events_' || to_char(p_month, 'YYYY_MM')) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM lotse.make_event_month(p_month);
  RETURN true;
END
$$;

CREATE FUNCTION lotse.attach_event_month(p_name text, p_month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
    p_name, p_month::timestamp AT TIME ZONE 'UTC', (p_month + interval '1 month') AT TIME ZONE 'UTC');
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', p_name, p_name || '_month_check');
END
$$;

-- Step 1. False when there is nothing to move.
CREATE FUNCTION lotse.stage_default_events() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_month date;
BEGIN
  IF to_regclass('events_default_next') IS NOT NULL THEN
    -- An earlier run did not come to its end.
    RETURN true;
  END IF;
  FOR v_month IN
    SELECT DISTINCT date_trunc('month', e.occurred_at AT TIME ZONE 'UTC')::date FROM events_default e
  LOOP
    -- It may have been prepared by a run that did not come to attaching it.
    PERFORM lotse.prepare_event_month(v_month);
  END LOOP;
  IF v_month IS NULL THEN
    RETURN false;
  END IF;
  CREATE TABLE events_default_next (LIKE events INCLUDING ALL);
  ALTER TABLE events_default_next ENABLE ROW LEVEL SECURITY;
  RETURN true;
END
$$;

CREATE FUNCTION lotse.mirror_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    EXECUTE format('DELETE FROM %I WHERE lead_id = $1 AND occurred_at = $2 AND id = $3', lotse.staged_month(OLD.occurred_at))
      USING OLD.lead_id, OLD.occurred_at, OLD.id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format('INSERT INTO %I SELECT ($1).* ON CONFLICT DO NOTHING', lotse.staged_month(NEW.occurred_at)) USING NEW;
  END IF;
  RETURN NULL;
END
$$;

-- Step 2. Waits until whoever writes to the default partition has finished.
CREATE FUNCTION lotse.mirror_default_events() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = 'events_default'::regclass AND t.tgname = 'mirror') THEN
    CREATE TRIGGER mirror AFTER INSERT OR UPDATE OR DELETE ON events_default
      FOR EACH ROW EXECUTE FUNCTION lotse.mirror_event();
  END IF;
END
$$;

-- Step 3. Copies the rows behind one, in the order of their key, and answers with the last of them; no row when that was all. They stay
-- locked until the commit: one that is deleted meanwhile is deleted here too, before or afterwards.
CREATE FUNCTION lotse.copy_default_events(p_lead uuid, p_at timestamptz, p_id uuid, p_limit integer)
RETURNS TABLE (lead_id uuid, occurred_at timestamptz, id uuid, copied integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_rows events[];
  v_target text;
  v_part events[];
BEGIN
  SELECT array_agg(b.row) INTO v_rows
    FROM (SELECT e::events AS row FROM events_default e
           WHERE (e.lead_id, e.occurred_at, e.id) > (p_lead, p_at, p_id)
           ORDER BY e.lead_id, e.occurred_at, e.id
           LIMIT p_limit
             FOR UPDATE) b;
  FOR v_target, v_part IN SELECT lotse.staged_month(r.occurred_at), array_agg(r) FROM unnest(v_rows) r GROUP BY 1 LOOP
    EXECUTE format('INSERT INTO %I SELECT * FROM unnest($1) ON CONFLICT DO NOTHING', v_target) USING v_part;
  END LOOP;
  RETURN QUERY
    SELECT r.lead_id, r.occurred_at, r.id, cardinality(v_rows)
      FROM unnest(v_rows) r ORDER BY r.lead_id DESC, r.occurred_at DESC, r.id DESC LIMIT 1;
END
$$;

-- Step 4. Waits until whoever reads or writes events has finished, and keeps new ones waiting meanwhile. Answers with the months that
-- have a partition now.
CREATE FUNCTION lotse.swap_default_events() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_name text;
  v_month date;
BEGIN
  LOCK TABLE ONLY events IN ACCESS EXCLUSIVE MODE;
  ALTER TABLE events DETACH PARTITION events_default;
  ALTER TABLE events_default RENAME TO events_drained;
  FOR v_name, v_month IN SELECT s.name, s.month FROM lotse.staged_months() s LOOP
    PERFORM lotse.attach_event_month(v_name, v_month);
    RETURN NEXT v_name;
  END LOOP;
  ALTER TABLE events_default_next RENAME TO events_default;
  ALTER TABLE events ATTACH PARTITION events_default DEFAULT;
END
$$;

-- Step 5. Answers whether there was one.
CREATE FUNCTION lotse.drop_drained_events() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  IF to_regclass('events_drained') IS NULL THEN
    RETURN false;
  END IF;
  DROP TABLE events_drained;
  RETURN true;
END
$$;

-- Makes the partition of one month, while the default partition is empty or holds no row of it; of the table that was prepared, if one
-- was. Null when there is one, or months are being moved. Attaching locks the default partition and reads it: nothing to speak of once
-- it was drained.
CREATE FUNCTION lotse.ensure_event_month(p_month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  v_name text := 'events_' || to_char(p_month, 'YYYY_MM');
BEGIN
  IF to_regclass('events_default_next') IS NOT NULL
     OR EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(v_name) AND c.relispartition) THEN
    RETURN NULL;
  END IF;
  PERFORM lotse.prepare_event_month(p_month);
  PERFORM lotse.attach_event_month(v_name, p_month);
  RETURN v_name;
END
$$;

-- For /health: rows outside of any month (counted up to 10,000), how many of them have been there for longer than the daily job needs
-- to move them, and which of some months have no partition.
CREATE FUNCTION lotse.event_partitions(p_from date, p_months integer, p_late_before timestamptz)
RETURNS TABLE (default_rows bigint, late_rows bigint, missing text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT d.all_rows, d.late_rows,
         ARRAY(SELECT to_char(m, 'YYYY-MM')
                 FROM generate_series(date_trunc('month', p_from), date_trunc('month', p_from) + (p_months - 1) * interval '1 month', '1 month') m
                WHERE NOT EXISTS (SELECT FROM pg_class c
                                   WHERE c.oid = to_regclass('events_' || to_char(m, 'YYYY_MM')) AND c.relispartition)
                ORDER BY m)
    FROM (SELECT count(*) AS all_rows, count(*) FILTER (WHERE w.received_at < p_late_before) AS late_rows
            FROM (SELECT e.received_at FROM events_default e LIMIT 10000) w) d
$$;

-- A function of a later migration is closed until it is granted to somebody.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

REVOKE EXECUTE ON FUNCTION
  lotse.limit_statements(integer), lotse.claim_given_up(text[], timestamptz, integer, integer, integer),
  lotse.note_sent_again(uuid[], timestamptz), lotse.daily_tenants(text), lotse.staged_month(timestamptz), lotse.staged_months(),
  lotse.make_event_month(date), lotse.prepare_event_month(date), lotse.attach_event_month(text, date), lotse.stage_default_events(),
  lotse.mirror_event(),
  lotse.mirror_default_events(), lotse.copy_default_events(uuid, timestamptz, uuid, integer), lotse.swap_default_events(),
  lotse.drop_drained_events(), lotse.ensure_event_month(date), lotse.event_partitions(date, integer, timestamptz)
FROM PUBLIC;
-- Not the steps within the others: lotse.staged_month, lotse.staged_months, lotse.make_event_month, lotse.attach_event_month.
GRANT EXECUTE ON FUNCTION
  lotse.limit_statements(integer), lotse.claim_given_up(text[], timestamptz, integer, integer, integer),
  lotse.note_sent_again(uuid[], timestamptz), lotse.daily_tenants(text), lotse.prepare_event_month(date), lotse.stage_default_events(),
  lotse.mirror_default_events(), lotse.copy_default_events(uuid, timestamptz, uuid, integer), lotse.swap_default_events(),
  lotse.drop_drained_events(), lotse.ensure_event_month(date), lotse.event_partitions(date, integer, timestamptz)
TO lotse_app;
