-- name: list
-- Statements are planned with their values: conditions on absent filters and the orders not asked for vanish from the plan. The
-- stage is looked up for the rows shown; a join would be planned over the whole list.
SELECT d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor,
       d.currency, (SELECT s.probability FROM stages s WHERE s.id = d.stage_id) AS probability, d.expected_close_on, d.status,
       d.lost_reason, d.closed_at, d.source, d.campaign, d.created_at, d.updated_at, d.version
  FROM deals d
 WHERE ($1::uuid IS NULL OR d.pipeline_id = $1)
   AND ($2::uuid IS NULL OR d.stage_id = $2)
   AND ($3::uuid IS NULL OR d.owner_id = $3)
   AND ($4::uuid IS NULL OR d.lead_id = $4)
   AND ($5::text IS NULL OR d.status = $5)
   AND ($6::text IS NULL OR d.name ILIKE $6)
   AND ($7::timestamptz IS NULL OR d.created_at >= $7)
   AND ($8::timestamptz IS NULL OR d.created_at < $8)
   AND ($12::timestamptz IS NULL OR (d.created_at, d.id) < ($12, $13))
 ORDER BY CASE WHEN $9 = '-created_at' THEN d.created_at END DESC,
          CASE WHEN $9 = '-created_at' THEN d.id END DESC,
          CASE WHEN $9 = 'created_at' THEN d.created_at END,
          CASE WHEN $9 = '-value_minor' THEN d.value_minor END DESC,
          CASE WHEN $9 = 'value_minor' THEN d.value_minor END,
          CASE WHEN $9 = '-expected_close_on' THEN d.expected_close_on END DESC NULLS LAST,
          CASE WHEN $9 = 'expected_close_on' THEN d.expected_close_on END NULLS LAST,
          d.id
 LIMIT $10
OFFSET $11

-- name: count
SELECT count(*)
  FROM deals d
 WHERE ($1::uuid IS NULL OR d.pipeline_id = $1)
   AND ($2::uuid IS NULL OR d.stage_id = $2)
   AND ($3::uuid IS NULL OR d.owner_id = $3)
   AND ($4::uuid IS NULL OR d.lead_id = $4)
   AND ($5::text IS NULL OR d.status = $5)
   AND ($6::text IS NULL OR d.name ILIKE $6)
   AND ($7::timestamptz IS NULL OR d.created_at >= $7)
   AND ($8::timestamptz IS NULL OR d.created_at < $8)

-- name: find
SELECT d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor,
       d.currency, s.probability, d.expected_close_on, d.status, d.lost_reason, d.closed_at, d.source, d.campaign, d.created_at,
       d.updated_at, d.version
  FROM deals d
  JOIN stages s ON s.id = d.stage_id
 WHERE d.id = $1

-- name: lock_lead
-- The lead before the deal, as everybody does who locks both.
SELECT l.id
  FROM leads l
 WHERE l.id = (SELECT d.lead_id FROM deals d WHERE d.id = $1)
   FOR NO KEY UPDATE

-- name: lock
SELECT d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor,
       d.currency, s.probability, d.expected_close_on, d.status, d.lost_reason, d.closed_at, d.source, d.campaign, d.created_at,
       d.updated_at, d.version
  FROM deals d
  JOIN stages s ON s.id = d.stage_id
 WHERE d.id = $1
   FOR NO KEY UPDATE OF d

-- name: lock_stage
-- Moves into one stage take turns; deals that the machine puts into it go on undisturbed.
SELECT s.id, s.pipeline_id, s.position, s.name, s.color, s.icon, s.probability, s.won, s.lost, s.version
  FROM stages s
 WHERE s.id = $1
   FOR NO KEY UPDATE

-- name: gap_before
-- The positions around the place before deal $3 of stage $1; $2 is the deal that moves.
SELECT (SELECT p.position
          FROM deals p
         WHERE p.stage_id = $1 AND p.pipeline_id = a.pipeline_id AND p.id <> $2 AND (p.position, p.id) < (a.position, a.id)
         ORDER BY p.position DESC, p.id DESC
         LIMIT 1) AS above,
       a.position AS below
  FROM deals a
 WHERE a.id = $3 AND a.stage_id = $1 AND a.id <> $2

-- name: gap_after
-- The positions around the place after deal $3 of stage $1; $2 is the deal that moves.
SELECT a.position AS above,
       (SELECT n.position
          FROM deals n
         WHERE n.stage_id = $1 AND n.pipeline_id = a.pipeline_id AND n.id <> $2 AND (n.position, n.id) > (a.position, a.id)
         ORDER BY n.position, n.id
         LIMIT 1) AS below
  FROM deals a
 WHERE a.id = $3 AND a.stage_id = $1 AND a.id <> $2

-- name: gap_at
-- The positions around the place that has $3 deals of stage $1 above it (fewer when the stage has fewer).
WITH others AS (
  -- From the top down to the first deal below the place.
  SELECT o.position, row_number() OVER (ORDER BY o.position, o.id) AS place
    FROM deals o
   WHERE o.stage_id = $1 AND o.pipeline_id = $4 AND o.id <> $2
   ORDER BY o.position, o.id
   LIMIT $3 + 1
)
SELECT (SELECT max(position) FROM others WHERE place <= $3) AS above,
       (SELECT position FROM others WHERE place = $3 + 1) AS below

-- name: renumber
-- The deals of a stage in their order, evenly spread. Not an edit: their versions stay.
UPDATE deals d
   SET position = o.place * 1000.0
  FROM (SELECT id, row_number() OVER (ORDER BY position, id) AS place
          FROM deals
         WHERE stage_id = $1 AND pipeline_id = $2) o
 WHERE d.id = o.id

-- name: move
UPDATE deals d
   SET pipeline_id = $2, stage_id = $3, position = $4, status = $5, closed_at = $6, lost_reason = $7, updated_at = $8,
       version = d.version + 1
  FROM stages s
 WHERE d.id = $1 AND s.id = $3
RETURNING d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor,
          d.currency, s.probability, d.expected_close_on, d.status, d.lost_reason, d.closed_at, d.source, d.campaign, d.created_at,
          d.updated_at, d.version

-- name: insert_stage_history
INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: follow_lead
-- The lead stands where its deal stands. Its lifecycle is that of all its deals together: customer with a won one, else routed
-- while one is open, else lost. An open deal that a person made does not take a lead out of the pool, and erased leads stay as
-- they are.
UPDATE leads l
   SET pipeline_id = CASE WHEN l.deal_id = $2 THEN $3 ELSE l.pipeline_id END,
       stage_id = CASE WHEN l.deal_id = $2 THEN $4 ELSE l.stage_id END,
       lifecycle = o.lifecycle,
       updated_at = $5,
       version = l.version + 1
  FROM (SELECT CASE WHEN bool_or(d.status = 'won') THEN 'customer'
                    WHEN NOT bool_or(d.status = 'open') THEN 'lost'
                    WHEN p.lifecycle IS NOT NULL OR p.deal_id = $2 THEN 'routed' END AS lifecycle
          FROM leads p
          JOIN deals d ON d.lead_id = p.id
         WHERE p.id = $1
         GROUP BY p.id) o
 WHERE l.id = $1
   AND l.lifecycle IS DISTINCT FROM 'anonymized'
   AND (l.lifecycle IS DISTINCT FROM o.lifecycle OR l.deal_id = $2 AND (l.pipeline_id, l.stage_id) IS DISTINCT FROM ($3, $4))
