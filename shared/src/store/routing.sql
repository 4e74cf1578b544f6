-- name: lock_members
-- Everybody who could own a lead, in the order of ids. Only locks: this statement's snapshot is from before the wait.
SELECT m.id
  FROM team_members m
 WHERE lotse.role_owns(m.role)
 ORDER BY m.id
   FOR NO KEY UPDATE

-- name: list_members
-- With their open deals and the pipelines they serve, as they are now that the locks are held.
SELECT m.id, m.name, m.active, m.capacity, m.last_assigned_at, m.slack_user_id, m.lead_of_team,
       (SELECT count(*) FROM deals d WHERE d.owner_id = m.id AND d.status = 'open') AS load,
       ARRAY(SELECT p.pipeline_id FROM team_member_pipelines p WHERE p.member_id = m.id) AS pipelines
  FROM team_members m
 WHERE lotse.role_owns(m.role)
 ORDER BY m.id

-- name: list_pipelines
-- With the stage in which a new deal begins.
SELECT p.id, p.name, p.intent, p.expected_value_minor, p.currency, p.slack_channel, s.id AS first_stage_id
  FROM pipelines p
  JOIN LATERAL (
    SELECT f.id FROM stages f WHERE f.pipeline_id = p.id AND NOT f.won AND NOT f.lost ORDER BY f.position LIMIT 1
  ) s ON true
 WHERE p.archived_at IS NULL
 ORDER BY p.position, p.id

-- name: insert_deals
INSERT INTO deals (id, tenant_id, name, lead_id, pipeline_id, stage_id, position, owner_id, value_minor, currency, source, campaign,
                   origin, created_at, updated_at, search_text)
SELECT u.id, $1, u.name, u.lead_id, u.pipeline_id, u.stage_id, -EXTRACT(epoch FROM $12) * 1000 - u.nth, u.owner_id, u.value_minor,
       u.currency, l.source, l.campaign, $11, $12, $12, u.search_text
  FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $13)
       AS u (id, name, lead_id, pipeline_id, stage_id, owner_id, value_minor, currency, nth, search_text)
  JOIN leads l ON l.id = u.lead_id

-- name: insert_stage_history
INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by)
SELECT u.id, $1, u.deal_id, u.from_stage_id, u.to_stage_id, $6, $7
  FROM unnest($2, $3, $4, $5) AS u (id, deal_id, from_stage_id, to_stage_id)

-- name: place_leads
-- A customer with a new chance stays one.
UPDATE leads l
   SET pipeline_id = u.pipeline_id, stage_id = u.stage_id, deal_id = u.deal_id, owner_id = u.owner_id,
       lifecycle = CASE WHEN l.lifecycle = 'customer' THEN 'customer' WHEN u.pipeline_id IS NULL THEN NULL ELSE 'routed' END,
       routed_at = COALESCE(l.routed_at, $6), conflict_task_id = NULL, conflict_winner = NULL, updated_at = $6, version = l.version + 1
  FROM unnest($1, $2, $3, $4, $5) AS u (lead_id, pipeline_id, stage_id, deal_id, owner_id)
 WHERE l.id = u.lead_id

-- name: mark_conflicts
UPDATE leads l
   SET conflict_task_id = u.task_id, conflict_winner = u.winner, updated_at = $4, version = l.version + 1
  FROM unnest($1, $2, $3) AS u (lead_id, task_id, winner)
 WHERE l.id = u.lead_id

-- name: forget_questions
UPDATE leads l
   SET conflict_task_id = NULL, conflict_winner = NULL, updated_at = $2, version = l.version + 1
 WHERE l.id = ANY ($1)

-- name: insert_tasks
INSERT INTO tasks (id, tenant_id, title, description, kind, priority, due_at, owner_id, lead_id, deal_id, cause, created_at, updated_at)
SELECT u.id, $1, u.title, u.description, u.kind, u.priority, u.due_at, u.owner_id, u.lead_id, u.deal_id, u.cause, $12, $12
  FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       AS u (id, title, description, kind, priority, due_at, owner_id, lead_id, deal_id, cause)
ON CONFLICT (tenant_id, cause) WHERE cause IS NOT NULL DO NOTHING

-- name: cancel_tasks
UPDATE tasks
   SET status = 'cancelled', updated_at = $2, version = version + 1
 WHERE id = ANY ($1) AND status = 'open'

-- name: cancel_tasks_of_lead
UPDATE tasks
   SET status = 'cancelled', updated_at = $2, version = version + 1
 WHERE lead_id = $1 AND status = 'open' AND cause LIKE 'decision:%'

-- name: insert_decisions
INSERT INTO routing_decisions (id, tenant_id, lead_id, decided_at, outcome, pipeline_id, owner_id, deal_id, decided_by, rule_set_version, record)
SELECT u.id, $1, u.lead_id, $10, u.outcome, u.pipeline_id, u.owner_id, u.deal_id, $9, u.rule_set_version, u.record
  FROM unnest($2, $3, $4, $5, $6, $7, $8, $11)
       AS u (id, lead_id, outcome, pipeline_id, owner_id, deal_id, rule_set_version, record)

-- name: note_assignments
UPDATE team_members m
   SET last_assigned_at = u.assigned_at
  FROM unnest($1, $2) AS u (member_id, assigned_at)
 WHERE m.id = u.member_id

-- name: move_deal
UPDATE deals
   SET pipeline_id = $2, stage_id = $3, owner_id = $4, position = -EXTRACT(epoch FROM $5) * 1000, updated_at = $5, version = version + 1
 WHERE id = $1 AND status = 'open'

-- name: keep_deal
UPDATE deals
   SET owner_id = $2, updated_at = $3, version = version + 1
 WHERE id = $1 AND status = 'open'

-- name: list_discovery_due
-- Unrouted leads with enough points: those whose score has been there for long enough go to Discovery. Where a person is asked, the answer
-- is waited for; a question that was closed keeps nobody.
SELECT s.lead_id
  FROM lead_standings s
  JOIN leads l ON l.id = s.lead_id
 WHERE s.tenant_id = $1 AND s.total_score >= $2 AND l.routed_at IS NULL AND l.lifecycle IS NULL AND NOT l.suppressed
   AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = l.conflict_task_id AND t.status = 'open') AND LEAST(l.created_at, s.first_seen_at) <= $3 AND s.lead_id > $4
 ORDER BY s.lead_id
 LIMIT $5

-- name: list_undecided
-- Unrouted leads that are ready or in conflict, and about which nothing was decided since they were last evaluated. About a conflict
-- nobody is asked again while the task for it is open.
SELECT s.lead_id
  FROM lead_standings s
  JOIN leads l ON l.id = s.lead_id
 WHERE s.tenant_id = $1 AND s.total_score >= $2 AND (s.conflict OR s.intent_confidence >= $3) AND s.evaluated_at <= $4
   AND l.routed_at IS NULL AND l.lifecycle IS NULL AND NOT l.suppressed AND s.lead_id > $5
   AND NOT EXISTS (SELECT FROM routing_decisions d WHERE d.lead_id = s.lead_id AND d.decided_at >= s.evaluated_at)
   AND NOT EXISTS (SELECT FROM tasks t WHERE t.id = l.conflict_task_id AND t.status = 'open')
 ORDER BY s.lead_id
 LIMIT $6
