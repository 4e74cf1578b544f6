-- name: list
-- Statements are planned with their values: conditions on absent filters and the orders not asked for vanish from the plan.
SELECT t.id, t.title, t.description, t.kind, t.priority, t.due_at, t.owner_id, t.lead_id, t.deal_id, t.contact_id, t.status,
       t.completed_at, t.completed_by, t.reminded_at, t.created_at, t.updated_at, t.version
  FROM tasks t
 WHERE ($1::uuid IS NULL OR t.owner_id = $1)
   AND ($2::text IS NULL OR t.status = $2)
   AND ($3::timestamptz IS NULL OR t.due_at < $3)
   AND ($4::uuid IS NULL OR t.lead_id = $4)
   AND ($5::uuid IS NULL OR t.deal_id = $5)
   AND ($6::text IS NULL OR t.kind = $6)
 ORDER BY CASE WHEN $7 = 'due_at' THEN t.due_at END NULLS LAST,
          CASE WHEN $7 = '-due_at' THEN t.due_at END DESC NULLS LAST,
          CASE WHEN $7 = 'created_at' THEN t.created_at END,
          CASE WHEN $7 = '-created_at' THEN t.created_at END DESC,
          t.id
 LIMIT $8
OFFSET $9

-- name: count
SELECT count(*)
  FROM tasks t
 WHERE ($1::uuid IS NULL OR t.owner_id = $1)
   AND ($2::text IS NULL OR t.status = $2)
   AND ($3::timestamptz IS NULL OR t.due_at < $3)
   AND ($4::uuid IS NULL OR t.lead_id = $4)
   AND ($5::uuid IS NULL OR t.deal_id = $5)
   AND ($6::text IS NULL OR t.kind = $6)

-- name: lock
SELECT t.id, t.title, t.description, t.kind, t.priority, t.due_at, t.owner_id, t.lead_id, t.deal_id, t.contact_id, t.status,
       t.completed_at, t.completed_by, t.reminded_at, t.created_at, t.updated_at, t.version
  FROM tasks t
 WHERE t.id = $1
   FOR NO KEY UPDATE

-- name: complete
UPDATE tasks t
   SET status = 'done', completed_at = $2, completed_by = $3, updated_at = $2, version = t.version + 1
 WHERE t.id = $1
RETURNING t.id, t.title, t.description, t.kind, t.priority, t.due_at, t.owner_id, t.lead_id, t.deal_id, t.contact_id, t.status,
          t.completed_at, t.completed_by, t.reminded_at, t.created_at, t.updated_at, t.version
