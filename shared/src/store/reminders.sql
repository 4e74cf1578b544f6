-- name: lock
-- The owner's Slack id only while they are with us; the lead by name for the message.
SELECT t.title, t.status, t.due_at, t.reminded_at, t.lead_id,
       m.name AS owner_name, m.slack_user_id AS owner_slack_id,
       lotse.lead_name(l.first_name, l.last_name, l.company, l.email) AS lead_name
  FROM tasks t
  LEFT JOIN team_members m ON m.id = t.owner_id AND m.active
  LEFT JOIN leads l ON l.id = t.lead_id
 WHERE t.id = $1
   FOR UPDATE OF t

-- name: mark_reminded
-- Not a change of the task as people see it: version and `updated_at` stay.
UPDATE tasks
   SET reminded_at = $2
 WHERE id = $1

-- name: mark_scheduled
UPDATE tasks
   SET scheduled_at = $2
 WHERE id = ANY ($1) AND scheduled_at IS NULL
