-- What /health tells everybody: sums over all tenants that name none of them.

-- Each partner some tenant has switched on: `ok` when the last word of every tenant's partner was a success (or nothing was said
-- yet), `down` when each one's last word was an error, `degraded` in between.
CREATE FUNCTION lotse.integration_report() RETURNS TABLE (name text, status text, last_success_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT i.name,
         CASE WHEN NOT bool_or(i.failing) THEN 'ok' WHEN bool_and(i.failing) THEN 'down' ELSE 'degraded' END,
         max(i.last_success_at)
    FROM (SELECT n.name, n.last_success_at,
                 n.last_error_at IS NOT NULL AND (n.last_success_at IS NULL OR n.last_error_at > n.last_success_at) AS failing
            FROM integrations n
            JOIN tenants t ON t.id = n.tenant_id AND t.active
           WHERE n.active) i
   GROUP BY i.name
   ORDER BY i.name
$$;

-- Messages that are due but not on their queue yet, counted up to 10,000, and since when the oldest is due.
CREATE FUNCTION lotse.outbox_report(p_now timestamptz) RETURNS TABLE (waiting bigint, oldest_due_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT (SELECT count(*) FROM (SELECT FROM outbox o WHERE o.due_at <= p_now LIMIT 10000) w),
         (SELECT min(o.due_at) FROM outbox o WHERE o.due_at <= p_now)
$$;

REVOKE EXECUTE ON FUNCTION lotse.integration_report(), lotse.outbox_report(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.integration_report(), lotse.outbox_report(timestamptz) TO lotse_app;
