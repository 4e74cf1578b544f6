-- name: list
-- What happened to a lead, newest first. Every kind brings its own newest entries behind the cursor ($2, $3), at most $5 of them; kinds
-- that were not asked for ($4) vanish from the plan. Who did it is a member's id or another word: only as a uuid it finds the member
-- through an index.
WITH
-- An award has no id of its own: the n-th of a rule for an event is always the same one, also when it is withdrawn later. Two halves,
-- because each has an index.
scores AS (
  SELECT h.rule_id, h.rule_version, h.event_id, h.category, h.points, h.awarded_at, h.expires_at, h.withdrawn_at, h.withdrawn_reason,
         row_number() OVER (PARTITION BY h.rule_id, h.event_id, h.rule_version ORDER BY h.withdrawn_at NULLS LAST) AS nth
    FROM (SELECT a.rule_id, a.rule_version, a.event_id, a.category, a.points, a.awarded_at, a.expires_at, a.withdrawn_at,
                 a.withdrawn_reason
            FROM score_history a
           WHERE a.lead_id = $1 AND a.withdrawn_at IS NULL AND ($4 IS NULL OR $4 && ARRAY['award', 'withdrawal'])
           UNION ALL
          SELECT w.rule_id, w.rule_version, w.event_id, w.category, w.points, w.awarded_at, w.expires_at, w.withdrawn_at,
                 w.withdrawn_reason
            FROM score_history w
           WHERE w.lead_id = $1 AND w.withdrawn_at IS NOT NULL AND ($4 IS NULL OR $4 && ARRAY['award', 'withdrawal'])) h
),
points AS (
  SELECT 'award' AS kind, s.awarded_at AS at, md5(concat_ws('.', 'award', s.rule_id, s.event_id, s.rule_version, s.nth))::uuid AS id,
         s.rule_id, s.event_id, s.category, s.points, s.awarded_at, s.expires_at, s.withdrawn_at, s.withdrawn_reason
    FROM scores s
   WHERE $4 IS NULL OR 'award' = ANY ($4)
   UNION ALL
  SELECT 'withdrawal', GREATEST(s.withdrawn_at, s.awarded_at),
         md5(concat_ws('.', 'withdrawal', s.rule_id, s.event_id, s.rule_version, s.nth))::uuid,
         s.rule_id, s.event_id, s.category, -s.points, s.awarded_at, s.expires_at, s.withdrawn_at, s.withdrawn_reason
    FROM scores s
   WHERE s.withdrawn_at IS NOT NULL AND ($4 IS NULL OR 'withdrawal' = ANY ($4))
)
SELECT t.kind, t.at, t.id, t.body
  FROM (
        (SELECT 'event' AS kind, e.occurred_at AS at, e.id,
                jsonb_build_object('event_type', e.event_type, 'source', e.source, 'received_at', e.received_at,
                                   'campaign', e.campaign, 'metadata', e.metadata) AS body
           FROM events e
          WHERE e.lead_id = $1 AND ($4 IS NULL OR 'event' = ANY ($4)) AND ($2 IS NULL OR (e.occurred_at, e.id) < ($2, $3))
          ORDER BY e.occurred_at DESC, e.id DESC
          LIMIT $5)
        UNION ALL
        (SELECT p.kind, p.at, p.id,
                jsonb_build_object('rule_id', p.rule_id, 'rule_slug', r.slug, 'rule_name', r.name, 'event_id', p.event_id,
                                   'category', p.category, 'points', p.points, 'awarded_at', p.awarded_at,
                                   'expires_at', p.expires_at, 'withdrawn_at', p.withdrawn_at, 'reason', p.withdrawn_reason)
           FROM points p
           LEFT JOIN scoring_rules r ON r.id = p.rule_id
          WHERE $2 IS NULL OR (p.at, p.id) < ($2, $3)
          ORDER BY p.at DESC, p.id DESC
          LIMIT $5)
        UNION ALL
        (SELECT 'decision', d.decided_at, d.id,
                jsonb_build_object('deal_id', d.deal_id, 'decided_by', d.decided_by, 'record', d.record,
                                   'pipeline_name', (SELECT p.name FROM pipelines p WHERE p.id = d.pipeline_id),
                                   'owner_name', (SELECT m.name FROM team_members m WHERE m.id = d.owner_id))
           FROM routing_decisions d
          WHERE d.lead_id = $1 AND ($4 IS NULL OR 'decision' = ANY ($4)) AND ($2 IS NULL OR (d.decided_at, d.id) < ($2, $3))
          ORDER BY d.decided_at DESC, d.id DESC
          LIMIT $5)
        UNION ALL
        -- A task is told when it was made, and again when it was done.
        (SELECT 'task', k.at, k.id,
                jsonb_build_object('action', k.action, 'task_id', k.task_id, 'title', k.title, 'task_kind', k.kind,
                                   'priority', k.priority, 'status', k.status, 'due_at', k.due_at, 'owner_id', k.owner_id,
                                   'owner_name', (SELECT m.name FROM team_members m WHERE m.id = k.owner_id),
                                   'deal_id', k.deal_id, 'by', k.actor,
                                   'by_name', (SELECT m.name FROM team_members m
                                               WHERE m.id = CASE WHEN k.actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN k.actor::uuid END))
           FROM (SELECT 'created' AS action, c.created_at AS at, c.id, c.id AS task_id, c.title, c.kind, c.priority, c.status, c.due_at,
                        c.owner_id, c.deal_id, CASE WHEN c.cause IS NOT NULL THEN 'machine' END AS actor
                   FROM tasks c
                  WHERE c.lead_id = $1 AND ($4 IS NULL OR 'task' = ANY ($4))
                  UNION ALL
                 SELECT 'completed', f.completed_at, md5(concat_ws('.', 'completed', f.id))::uuid, f.id, f.title, f.kind, f.priority,
                        f.status, f.due_at, f.owner_id, f.deal_id, f.completed_by
                   FROM tasks f
                  WHERE f.lead_id = $1 AND f.completed_at IS NOT NULL AND ($4 IS NULL OR 'task' = ANY ($4))) k
          WHERE $2 IS NULL OR (k.at, k.id) < ($2, $3)
          ORDER BY k.at DESC, k.id DESC
          LIMIT $5)
        UNION ALL
        (SELECT 'deal', h.moved_at, h.id,
                jsonb_build_object('action', CASE WHEN h.from_stage_id IS NULL THEN 'opened' WHEN t.won THEN 'won' WHEN t.lost THEN 'lost'
                                                  WHEN f.won OR f.lost THEN 'reopened' ELSE 'moved' END,
                                   'deal_id', d.id, 'deal_name', d.name, 'from_stage_id', h.from_stage_id, 'from_stage_name', f.name,
                                   'to_stage_id', h.to_stage_id, 'to_stage_name', t.name, 'pipeline_id', t.pipeline_id,
                                   'pipeline_name', (SELECT p.name FROM pipelines p WHERE p.id = t.pipeline_id),
                                   'by', h.moved_by,
                                   'by_name', (SELECT m.name FROM team_members m
                                               WHERE m.id = CASE WHEN h.moved_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN h.moved_by::uuid END),
                                   'reason', h.reason)
           FROM deals d
           JOIN stage_history h ON h.deal_id = d.id
           LEFT JOIN stages f ON f.id = h.from_stage_id
           LEFT JOIN stages t ON t.id = h.to_stage_id
          WHERE d.lead_id = $1 AND ($4 IS NULL OR 'deal' = ANY ($4)) AND ($2 IS NULL OR (h.moved_at, h.id) < ($2, $3))
          ORDER BY h.moved_at DESC, h.id DESC
          LIMIT $5)
        UNION ALL
        (SELECT 'effect', x.created_at, x.id,
                jsonb_build_object('effect', lotse.effect_kind(x.kind), 'target', x.target, 'cause', x.cause, 'status', x.status, 'attempts', x.attempts,
                                   'error', COALESCE(x.error_words, x.error), 'finished_at', x.finished_at)
           FROM effects x
          WHERE x.lead_id = $1 AND ($4 IS NULL OR 'effect' = ANY ($4)) AND ($2 IS NULL OR (x.created_at, x.id) < ($2, $3))
          ORDER BY x.created_at DESC, x.id DESC
          LIMIT $5)
       ) t
 ORDER BY t.at DESC, t.id DESC
 LIMIT $6
OFFSET $7

-- name: count
SELECT (SELECT count(*) FROM events e WHERE e.lead_id = $1 AND ($2 IS NULL OR 'event' = ANY ($2)))
     + (SELECT count(*) FROM score_history h WHERE h.lead_id = $1 AND h.withdrawn_at IS NULL AND ($2 IS NULL OR 'award' = ANY ($2)))
     + (SELECT count(*) FROM score_history h WHERE h.lead_id = $1 AND h.withdrawn_at IS NOT NULL AND ($2 IS NULL OR 'award' = ANY ($2)))
     + (SELECT count(*) FROM score_history h
         WHERE h.lead_id = $1 AND h.withdrawn_at IS NOT NULL AND ($2 IS NULL OR 'withdrawal' = ANY ($2)))
     + (SELECT count(*) FROM routing_decisions d WHERE d.lead_id = $1 AND ($2 IS NULL OR 'decision' = ANY ($2)))
     + (SELECT count(*) + count(k.completed_at) FROM tasks k WHERE k.lead_id = $1 AND ($2 IS NULL OR 'task' = ANY ($2)))
     + (SELECT count(*) FROM deals d JOIN stage_history h ON h.deal_id = d.id
         WHERE d.lead_id = $1 AND ($2 IS NULL OR 'deal' = ANY ($2)))
     + (SELECT count(*) FROM effects x WHERE x.lead_id = $1 AND ($2 IS NULL OR 'effect' = ANY ($2)))
