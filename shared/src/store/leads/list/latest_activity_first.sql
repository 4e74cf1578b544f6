   -- Every lead has a standing; saying so lets the planner walk the standing's own index.
   AND s.lead_id IS NOT NULL
 ORDER BY s.last_activity_at DESC NULLS LAST, s.lead_id DESC
 LIMIT $18 OFFSET $19
