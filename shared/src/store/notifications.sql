-- part: columns
n.id, n.kind, n.record_type, n.record_id, n.lead_id, n.leads, n.deals, n.tasks, n.actor_id, n.error, n.created_at, n.read_at,
       CASE n.record_type
         WHEN 'lead' THEN (SELECT lotse.lead_name(l.first_name, l.last_name, l.company, l.email) FROM leads l WHERE l.id = n.record_id)
         WHEN 'deal' THEN (SELECT d.name FROM deals d WHERE d.id = n.record_id)
         ELSE (SELECT t.title FROM tasks t WHERE t.id = n.record_id)
       END AS record_name,
       (SELECT m.name FROM team_members m WHERE m.id = n.actor_id) AS actor_name

-- name: list
SELECT {columns}
  FROM notifications n
 WHERE n.member_id = $1
   AND ($4::timestamptz IS NULL OR (n.created_at, n.id) < ($4, $5))
 ORDER BY n.created_at DESC, n.id DESC
 LIMIT $2
OFFSET $3

-- name: list_unread
-- With a condition of its own, which the index of unread ones needs.
SELECT {columns}
  FROM notifications n
 WHERE n.member_id = $1
   AND n.read_at IS NULL
   AND ($4::timestamptz IS NULL OR (n.created_at, n.id) < ($4, $5))
 ORDER BY n.created_at DESC, n.id DESC
 LIMIT $2
OFFSET $3

-- name: count
-- No further than MOST_COUNTED and one more: every open console asks again and again.
SELECT count(*)
  FROM (SELECT FROM notifications n WHERE n.member_id = $1 LIMIT 1001) n

-- name: count_unread
SELECT count(*)
  FROM (SELECT FROM notifications n WHERE n.member_id = $1 AND n.read_at IS NULL LIMIT 1001) n

-- name: read
UPDATE notifications n
   SET read_at = $2
 WHERE n.member_id = $1
   AND n.read_at IS NULL
   AND n.id = ANY ($3)

-- name: read_all
-- Those of before a moment: what came while somebody looked at the list is not among what they have read.
UPDATE notifications n
   SET read_at = $2
 WHERE n.member_id = $1
   AND n.read_at IS NULL
   AND n.created_at <= $3

-- name: purge
SELECT lotse.purge_notifications($1, $2)
