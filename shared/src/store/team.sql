-- part: stored
m.id, m.email, m.name, m.role, m.capacity, m.slack_user_id, m.zone, m.language, m.lead_of_team, m.active,
       m.last_assigned_at, m.created_at, m.updated_at, m.version

-- part: columns
{stored},
       ARRAY(SELECT s.pipeline_id FROM team_member_pipelines s WHERE s.member_id = m.id ORDER BY s.pipeline_id) AS pipelines,
       (SELECT count(*) FROM deals d WHERE d.owner_id = m.id AND d.status = 'open') AS load

-- part: filter
($1::text IS NULL OR m.role = $1)
   AND ($2::boolean IS NULL OR m.active = $2)
   AND ($3::text[] IS NULL OR m.search_text LIKE ALL ($3))

-- part: noted
INSERT INTO audit_log (id, tenant_id, at, actor_kind, actor, action, record_type, record_id, before, after, request_id)
SELECT gen_random_uuid(), $4, $3, $5, $6, 'hand_over', g.record, g.id::text, jsonb_build_object('owner_id', $1::uuid),
       jsonb_build_object('owner_id', $2::uuid), $7
  FROM given g

-- name: list
-- The page first, then load and pipelines of its members only.
WITH page AS (
  SELECT {stored},
         row_number() OVER (
           ORDER BY CASE WHEN $4 = 'name' THEN lower(m.name) END,
                    CASE WHEN $4 = '-name' THEN lower(m.name) END DESC,
                    CASE WHEN $4 = 'email' THEN m.email END,
                    CASE WHEN $4 = '-email' THEN m.email END DESC,
                    CASE WHEN $4 = 'created_at' THEN m.created_at END,
                    CASE WHEN $4 = '-created_at' THEN m.created_at END DESC,
                    m.id
         ) AS place
    FROM team_members m
   WHERE {filter}
   ORDER BY place
   LIMIT $5
  OFFSET $6
)
SELECT {columns}
  FROM page m
 ORDER BY m.place

-- name: count
SELECT count(*)
  FROM team_members m
 WHERE {filter}

-- name: find
SELECT {columns}
  FROM team_members m
 WHERE m.id = $1

-- name: list_by_email
SELECT {columns}
  FROM team_members m
 WHERE m.email = ANY ($1)
 ORDER BY m.id

-- name: lock
SELECT m.version
  FROM team_members m
 WHERE m.id = $1
   FOR NO KEY UPDATE

-- name: lock_access
-- The administrators and the member in question, all in one order: so of two administrators who remove each other one waits, and then sees
-- what has happened; and nobody waits in a circle with the router, which locks all members in this order.
SELECT m.id, m.role = 'admin' AND m.active AS admin
  FROM team_members m
 WHERE m.id = $1
    OR m.role = 'admin' AND m.active
 ORDER BY m.id
   FOR NO KEY UPDATE

-- name: insert
INSERT INTO team_members (id, tenant_id, email, name, role, capacity, slack_user_id, zone, language, lead_of_team, active,
                          created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)

-- name: update
UPDATE team_members m
   SET email = $2, name = $3, role = $4, capacity = $5, slack_user_id = $6, zone = $7, language = $8, lead_of_team = $9, active = $10,
       updated_at = $11, version = m.version + 1
 WHERE m.id = $1

-- name: unknown_pipelines
SELECT w.id
  FROM unnest($1::uuid[]) AS w (id)
 WHERE NOT EXISTS (SELECT FROM pipelines p WHERE p.id = w.id AND p.archived_at IS NULL)
 ORDER BY w.id

-- name: delete_pipelines
DELETE FROM team_member_pipelines s
 WHERE s.member_id = $1
   AND NOT s.pipeline_id = ANY ($2)

-- name: insert_pipelines
INSERT INTO team_member_pipelines (tenant_id, member_id, pipeline_id)
SELECT $1, $2, w.id
  FROM unnest($3::uuid[]) AS w (id)
ON CONFLICT ON CONSTRAINT team_member_pipelines_pkey DO NOTHING

-- name: lock_leads_of
-- Before any member, as everybody locks them.
SELECT l.id
  FROM leads l
 WHERE l.owner_id = $1
 ORDER BY l.id
   FOR NO KEY UPDATE

-- name: count_work
SELECT (SELECT count(*) FROM deals d WHERE d.owner_id = $1 AND d.status = 'open') AS deals,
       (SELECT count(*) FROM tasks t WHERE t.owner_id = $1 AND t.status = 'open') AS tasks,
       (SELECT count(*) FROM leads l WHERE l.owner_id = $1) AS leads

-- name: hand_over_deals
WITH given AS (
  UPDATE deals
     SET owner_id = $2, updated_at = $3, version = version + 1
   WHERE owner_id = $1 AND status = 'open'
  RETURNING 'deal' AS record, id
)
{noted}

-- name: hand_over_tasks
WITH given AS (
  UPDATE tasks
     SET owner_id = $2, updated_at = $3, version = version + 1
   WHERE owner_id = $1 AND status = 'open'
  RETURNING 'task' AS record, id
)
{noted}

-- name: hand_over_leads
WITH given AS (
  UPDATE leads
     SET owner_id = $2, updated_at = $3, version = version + 1
   WHERE owner_id = $1
  RETURNING 'lead' AS record, id
)
{noted}
