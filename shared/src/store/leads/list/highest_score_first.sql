   -- Every lead has a standing; saying so lets the planner walk the standing's own index.
   AND s.lead_id IS NOT NULL
 ORDER BY s.total_score DESC, s.lead_id DESC
 LIMIT $18 OFFSET $19
