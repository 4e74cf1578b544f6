-- name: list
-- Newest first, up to $4 of each kind: what people and keys wrote says the audit log, what the machine did its decisions and the leads
-- that are new. Those that somebody typed are in the audit log already.
SELECT c.id, c.record_type, c.record_id, c.action, c.version, c.at, c.actor_kind, c.member_id,
       (SELECT m.name FROM team_members m WHERE m.id = c.member_id) AS member_name
  FROM (
    (SELECT a.id, a.record_type, a.record_id::uuid AS record_id, a.action, (a.after ->> 'version')::bigint AS version, a.at, a.actor_kind,
            CASE WHEN a.actor_kind = 'person' AND a.actor ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN a.actor::uuid END AS member_id
       FROM audit_log a
      WHERE a.tenant_id = $1 AND a.at > $2 AND a.record_type = ANY ($3)
      ORDER BY a.at DESC, a.id
      LIMIT $4)
    UNION ALL
    (SELECT r.id, 'lead', r.lead_id, 'route', (SELECT l.version FROM leads l WHERE l.id = r.lead_id), r.decided_at, 'machine', NULL
       FROM routing_decisions r
      WHERE r.tenant_id = $1 AND r.decided_at > $2 AND r.decided_by = 'machine' AND 'lead' = ANY ($3)
      ORDER BY r.decided_at DESC
      LIMIT $4)
    UNION ALL
    (SELECT r.id, 'deal', r.deal_id, 'create', (SELECT d.version FROM deals d WHERE d.id = r.deal_id), r.decided_at, 'machine', NULL
       FROM routing_decisions r
      WHERE r.tenant_id = $1 AND r.decided_at > $2 AND r.decided_by = 'machine' AND r.deal_id IS NOT NULL AND 'deal' = ANY ($3)
      ORDER BY r.decided_at DESC
      LIMIT $4)
    UNION ALL
    (SELECT l.id, 'lead', l.id, 'create', l.version, l.created_at, 'machine', NULL
       FROM leads l
      WHERE l.tenant_id = $1 AND l.created_at > $2 AND 'lead' = ANY ($3)
        AND NOT EXISTS (SELECT FROM audit_log a
                         WHERE a.tenant_id = $1 AND a.record_type = 'lead' AND a.record_id = l.id::text AND a.action = 'create')
      ORDER BY l.created_at DESC, l.id DESC
      LIMIT $4)
  ) c
 ORDER BY c.at DESC, c.id
 LIMIT $4

-- name: note_presence
-- Only of members: whoever is none has no face.
INSERT INTO presences (tenant_id, member_id, record_type, record_id, seen_at)
SELECT $1, m.id, $3, $4, $5
  FROM team_members m
 WHERE m.id = $2
ON CONFLICT ON CONSTRAINT presences_pkey DO UPDATE SET seen_at = EXCLUDED.seen_at

-- name: forget_presence
DELETE FROM presences p
 WHERE p.member_id = $1
   AND p.seen_at < $2

-- name: list_present
SELECT p.member_id, m.name, p.seen_at
  FROM presences p
  JOIN team_members m ON m.id = p.member_id AND m.active
 WHERE p.record_id = $1
   AND p.record_type = $2
   AND p.seen_at > $3
 ORDER BY m.name, m.id
 LIMIT 50
