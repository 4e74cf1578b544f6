-- part: columns
t.id, t.title, t.description, t.kind, t.priority, t.due_at, t.owner_id, t.lead_id, t.deal_id, t.contact_id, t.status,
       t.completed_at, t.completed_by, t.reminded_at, t.created_at, t.updated_at, t.version,
       (SELECT lotse.lead_name(l.first_name, l.last_name, l.company, l.email) FROM leads l WHERE l.id = t.lead_id) AS lead_name,
       (SELECT d.name FROM deals d WHERE d.id = t.deal_id) AS deal_name,
       (SELECT m.name FROM team_members m WHERE m.id = t.owner_id) AS owner_name

-- part: filter
-- Of two arrays the first has the values that pass, the second those that do not; no value is a value there, too. One value alone is
-- compared as such, so that an index which begins with it keeps its order.
($1::uuid[] IS NULL OR CASE WHEN array_position($1, NULL) IS NOT NULL THEN t.owner_id IS NULL OR t.owner_id = ANY ($1) WHEN cardinality($1::uuid[]) = 1 THEN t.owner_id = ($1::uuid[])[1] ELSE t.owner_id = ANY ($1) END)
   AND ($2::uuid[] IS NULL OR array_position($2, t.owner_id) IS NULL)
   AND ($3::text[] IS NULL OR CASE WHEN cardinality($3::text[]) = 1 THEN t.status = ($3::text[])[1] ELSE t.status = ANY ($3) END)
   AND ($4::text[] IS NULL OR array_position($4, t.status) IS NULL)
   AND ($5::text[] IS NULL OR CASE WHEN cardinality($5::text[]) = 1 THEN t.kind = ($5::text[])[1] ELSE t.kind = ANY ($5) END)
   AND ($6::text[] IS NULL OR array_position($6, t.kind) IS NULL)
   AND ($7::text[] IS NULL OR CASE WHEN cardinality($7::text[]) = 1 THEN t.priority = ($7::text[])[1] ELSE t.priority = ANY ($7) END)
   AND ($8::text[] IS NULL OR array_position($8, t.priority) IS NULL)
   AND ($9::uuid[] IS NULL OR CASE WHEN array_position($9, NULL) IS NOT NULL THEN t.lead_id IS NULL OR t.lead_id = ANY ($9) WHEN cardinality($9::uuid[]) = 1 THEN t.lead_id = ($9::uuid[])[1] ELSE t.lead_id = ANY ($9) END)
   AND ($10::uuid[] IS NULL OR array_position($10, t.lead_id) IS NULL)
   AND ($11::uuid[] IS NULL OR CASE WHEN array_position($11, NULL) IS NOT NULL THEN t.deal_id IS NULL OR t.deal_id = ANY ($11) WHEN cardinality($11::uuid[]) = 1 THEN t.deal_id = ($11::uuid[])[1] ELSE t.deal_id = ANY ($11) END)
   AND ($12::uuid[] IS NULL OR array_position($12, t.deal_id) IS NULL)
   AND ($13::timestamptz IS NULL OR t.due_at >= $13)
   AND ($14::timestamptz IS NULL OR t.due_at < $14)
   AND ($15::bool IS NULL OR (t.due_at IS NULL) = $15)
   AND ($16::timestamptz IS NULL OR t.created_at >= $16)
   AND ($17::timestamptz IS NULL OR t.created_at < $17)
   AND ($18::timestamptz IS NULL OR t.completed_at >= $18)
   AND ($19::timestamptz IS NULL OR t.completed_at < $19)
   AND ($20::bool IS NULL OR (t.completed_at IS NULL) = $20)
   AND ($21::uuid[] IS NULL OR t.id = ANY ($21))

-- name: list
-- Statements are planned with their values: conditions on absent filters and the orders not asked for vanish from the plan.
SELECT {columns}
  FROM tasks t
 WHERE {filter}
 ORDER BY CASE WHEN $22 = 'due_at' THEN t.due_at END NULLS LAST,
          CASE WHEN $22 = '-due_at' THEN t.due_at END DESC NULLS LAST,
          CASE WHEN $22 = 'created_at' THEN t.created_at END,
          CASE WHEN $22 = '-created_at' THEN t.created_at END DESC,
          t.id
 LIMIT $23
OFFSET $24

-- name: count
SELECT count(*)
  FROM tasks t
 WHERE {filter}

-- name: ids
-- Ordered afterwards, so that the walk by id is no plan for finding them.
SELECT f.id, f.version
  FROM (SELECT t.id, t.version
          FROM tasks t
         WHERE {filter}
         LIMIT $22) f
 ORDER BY f.id

-- name: lock
SELECT {columns}
  FROM tasks t
 WHERE t.id = $1
   FOR NO KEY UPDATE

-- name: lock_many
SELECT {columns}
  FROM tasks t
 WHERE t.id = ANY ($1::uuid[])
 ORDER BY t.id
   FOR NO KEY UPDATE

-- name: complete
UPDATE tasks t
   SET status = 'done', completed_at = $2, completed_by = $3, updated_at = $2, version = t.version + 1
 WHERE t.id = $1
RETURNING {columns}

-- name: find
SELECT {columns}
  FROM tasks t
 WHERE t.id = $1

-- name: find_links
-- Whether the records a task is to be linked with exist, and whose the deal is; foreign keys alone would not see the tenant.
SELECT $1 IS NULL OR lotse.may_own($1) AS owner,
       $2 IS NULL OR EXISTS (SELECT FROM leads l WHERE l.id = $2) AS lead,
       $3 IS NULL OR EXISTS (SELECT FROM deals d WHERE d.id = $3) AS deal,
       (SELECT d.lead_id FROM deals d WHERE d.id = $3) AS lead_of_deal

-- name: insert
INSERT INTO tasks AS t (id, tenant_id, title, description, kind, priority, due_at, owner_id, lead_id, deal_id, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
RETURNING {columns}

-- name: update
-- A task that is due at another moment is reminded of again, and has no schedule for it yet.
UPDATE tasks t
   SET title = $2, description = $3, kind = $4, priority = $5, due_at = $6, owner_id = $7, lead_id = $8, deal_id = $9, status = $10,
       completed_at = $11, completed_by = $12,
       reminded_at = CASE WHEN t.due_at IS DISTINCT FROM $6 THEN NULL ELSE t.reminded_at END,
       scheduled_at = CASE WHEN t.due_at IS DISTINCT FROM $6 THEN NULL ELSE t.scheduled_at END,
       updated_at = $13, version = t.version + 1
 WHERE t.id = $1
RETURNING {columns}

-- name: list_of_leads
-- All of them: one that is left out would be missing in the audit log.
SELECT {columns}
  FROM tasks t
 WHERE t.lead_id = ANY ($1) OR t.id = ANY ($2)
 ORDER BY t.id
