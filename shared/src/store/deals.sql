-- part: stored
d.id, d.name, d.lead_id, d.contact_id, d.company_id, d.pipeline_id, d.stage_id, d.position, d.owner_id, d.value_minor, d.currency,
       d.expected_close_on, d.status, d.lost_reason, d.closed_at, d.source, d.campaign, d.origin, d.created_at, d.updated_at, d.version

-- part: columns
-- The stage by a subquery and not by a join: a join would be planned over the whole of a list, and of a deal that was moved while a lock
-- was waited for it would find nothing.
{stored},
       (SELECT s.probability FROM stages s WHERE s.id = d.stage_id) AS probability,
       (SELECT lotse.lead_name(l.first_name, l.last_name, l.company, l.email) FROM leads l WHERE l.id = d.lead_id) AS lead_name,
       (SELECT l.company FROM leads l WHERE l.id = d.lead_id) AS lead_company,
       (SELECT m.name FROM team_members m WHERE m.id = d.owner_id) AS owner_name

-- part: filter
-- Of two arrays the first has the values that pass, the second those that do not; no value is a value there, too. One value alone is
-- compared as such, so that an index which begins with it keeps its order.
($1::uuid[] IS NULL OR CASE WHEN cardinality($1::uuid[]) = 1 THEN d.pipeline_id = ($1::uuid[])[1] ELSE d.pipeline_id = ANY ($1) END)
   AND ($2::uuid[] IS NULL OR array_position($2, d.pipeline_id) IS NULL)
   AND ($3::uuid[] IS NULL OR CASE WHEN cardinality($3::uuid[]) = 1 THEN d.stage_id = ($3::uuid[])[1] ELSE d.stage_id = ANY ($3) END)
   AND ($4::uuid[] IS NULL OR array_position($4, d.stage_id) IS NULL)
   AND ($5::uuid[] IS NULL OR CASE WHEN array_position($5, NULL) IS NOT NULL THEN d.owner_id IS NULL OR d.owner_id = ANY ($5) WHEN cardinality($5::uuid[]) = 1 THEN d.owner_id = ($5::uuid[])[1] ELSE d.owner_id = ANY ($5) END)
   AND ($6::uuid[] IS NULL OR array_position($6, d.owner_id) IS NULL)
   AND ($7::uuid[] IS NULL OR CASE WHEN array_position($7, NULL) IS NOT NULL THEN d.lead_id IS NULL OR d.lead_id = ANY ($7) WHEN cardinality($7::uuid[]) = 1 THEN d.lead_id = ($7::uuid[])[1] ELSE d.lead_id = ANY ($7) END)
   AND ($8::uuid[] IS NULL OR array_position($8, d.lead_id) IS NULL)
   AND ($9::uuid[] IS NULL OR CASE WHEN array_position($9, NULL) IS NOT NULL THEN d.company_id IS NULL OR d.company_id = ANY ($9) WHEN cardinality($9::uuid[]) = 1 THEN d.company_id = ($9::uuid[])[1] ELSE d.company_id = ANY ($9) END)
   AND ($10::uuid[] IS NULL OR array_position($10, d.company_id) IS NULL)
   AND ($11::text[] IS NULL OR CASE WHEN cardinality($11::text[]) = 1 THEN d.status = ($11::text[])[1] ELSE d.status = ANY ($11) END)
   AND ($12::text[] IS NULL OR array_position($12, d.status) IS NULL)
   AND ($13::text[] IS NULL OR CASE WHEN cardinality($13::text[]) = 1 THEN d.currency = ($13::text[])[1] ELSE d.currency = ANY ($13) END)
   AND ($14::text[] IS NULL OR array_position($14, d.currency) IS NULL)
   AND ($15::text[] IS NULL OR CASE WHEN array_position($15, NULL) IS NOT NULL THEN d.source IS NULL OR d.source = ANY ($15) WHEN cardinality($15::text[]) = 1 THEN d.source = ($15::text[])[1] ELSE d.source = ANY ($15) END)
   AND ($16::text[] IS NULL OR array_position($16, d.source) IS NULL)
   AND ($17::text[] IS NULL OR CASE WHEN array_position($17, NULL) IS NOT NULL THEN d.campaign IS NULL OR d.campaign = ANY ($17) WHEN cardinality($17::text[]) = 1 THEN d.campaign = ($17::text[])[1] ELSE d.campaign = ANY ($17) END)
   AND ($18::text[] IS NULL OR array_position($18, d.campaign) IS NULL)
   AND ($19::text[] IS NULL OR CASE WHEN array_position($19, NULL) IS NOT NULL THEN d.lost_reason IS NULL OR d.lost_reason = ANY ($19) WHEN cardinality($19::text[]) = 1 THEN d.lost_reason = ($19::text[])[1] ELSE d.lost_reason = ANY ($19) END)
   AND ($20::text[] IS NULL OR array_position($20, d.lost_reason) IS NULL)
   AND ($21::int8 IS NULL OR d.value_minor >= $21)
   AND ($22::int8 IS NULL OR d.value_minor <= $22)
   AND ($23::timestamptz IS NULL OR d.created_at >= $23)
   AND ($24::timestamptz IS NULL OR d.created_at < $24)
   AND ($25::timestamptz IS NULL OR d.updated_at >= $25)
   AND ($26::timestamptz IS NULL OR d.updated_at < $26)
   AND ($27::timestamptz IS NULL OR d.closed_at >= $27)
   AND ($28::timestamptz IS NULL OR d.closed_at < $28)
   AND ($29::bool IS NULL OR (d.closed_at IS NULL) = $29)
   AND ($30::date IS NULL OR d.expected_close_on >= $30)
   AND ($31::date IS NULL OR d.expected_close_on < $31)
   AND ($32::bool IS NULL OR (d.expected_close_on IS NULL) = $32)
   AND ($33::bool IS NULL OR (d.origin = 'routing') = $33)
   AND ($34::bool IS NULL OR (NOT EXISTS (SELECT FROM tasks t WHERE t.deal_id = d.id AND t.status = 'open')) = $34)
   AND ($35::uuid[] IS NULL OR d.id = ANY ($35))
   AND ($36::text[] IS NULL OR d.search_text LIKE ALL ($36))

-- name: list
-- Statements are planned with their values: conditions on absent filters and the orders not asked for vanish from the plan.
SELECT {columns}
  FROM deals d
 WHERE {filter}
   AND ($40::timestamptz IS NULL OR (d.created_at, d.id) < ($40, $41))
 ORDER BY CASE WHEN $37 = '-created_at' THEN d.created_at END DESC,
          CASE WHEN $37 = '-created_at' THEN d.id END DESC,
          CASE WHEN $37 = 'created_at' THEN d.created_at END,
          CASE WHEN $37 = '-value_minor' THEN d.value_minor END DESC,
          CASE WHEN $37 = 'value_minor' THEN d.value_minor END,
          CASE WHEN $37 = '-expected_close_on' THEN d.expected_close_on END DESC NULLS LAST,
          CASE WHEN $37 = 'expected_close_on' THEN d.expected_close_on END NULLS LAST,
          d.id
 LIMIT $38
OFFSET $39

-- name: count
SELECT count(*)
  FROM deals d
 WHERE {filter}

-- name: ids
-- Ordered afterwards, so that the walk by id is no plan for finding them.
SELECT f.id, f.version
  FROM (SELECT d.id, d.version
          FROM deals d
         WHERE {filter}
         LIMIT $37) f
 ORDER BY f.id

-- name: aggregate
SELECT d.currency, least(sum(d.value_minor), 9223372036854775807)::int8 AS sum, avg(d.value_minor)::float8 AS avg, min(d.value_minor) AS min,
       max(d.value_minor) AS max
  FROM deals d
 WHERE {filter}
 GROUP BY d.currency
 ORDER BY d.currency
 LIMIT 100

-- name: list_board
-- The first $2 deals of every stage, by the index on (pipeline, stage, position).
SELECT {columns}
  FROM stages b
 CROSS JOIN LATERAL (
       SELECT {stored}
         FROM deals d
        WHERE d.pipeline_id = $1 AND d.stage_id = b.id
        ORDER BY d.position, d.id
        LIMIT $2) d
 WHERE b.pipeline_id = $1
 ORDER BY b.position, d.position, d.id

-- name: find
SELECT {columns}
  FROM deals d
 WHERE d.id = $1

-- name: lock_lead
-- The lead before the deal, as everybody does who locks both.
SELECT l.id
  FROM leads l
 WHERE l.id = (SELECT d.lead_id FROM deals d WHERE d.id = $1)
   FOR NO KEY UPDATE

-- name: lock
SELECT {columns}
  FROM deals d
 WHERE d.id = $1
   FOR NO KEY UPDATE

-- name: lock_many
SELECT {columns}
  FROM deals d
 WHERE d.id = ANY ($1::uuid[])
 ORDER BY d.id
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
RETURNING {columns}

-- name: insert_stage_history
INSERT INTO stage_history (id, tenant_id, deal_id, from_stage_id, to_stage_id, moved_at, moved_by, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

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

-- name: find_links
-- Whether the records a deal is to be linked with exist; foreign keys alone would not see the tenant.
SELECT $1 IS NULL OR EXISTS (SELECT FROM organizations o WHERE o.id = $1) AS company,
       $2 IS NULL OR lotse.may_own($2) AS owner

-- name: insert
-- On top of its stage, like every new deal.
INSERT INTO deals AS d (id, tenant_id, name, lead_id, company_id, pipeline_id, stage_id, position, owner_id, value_minor, currency,
                        expected_close_on, source, campaign, origin, created_at, updated_at, search_text)
VALUES ($1, $2, $3, $4, $5, $6, $7, -EXTRACT(epoch FROM $14) * 1000, $8, $9, $10, $11, $12, $13, 'person', $14, $14, $15)
RETURNING {columns}

-- name: update
UPDATE deals d
   SET name = $2, company_id = $3, owner_id = $4, value_minor = $5, currency = $6, expected_close_on = $7, source = $8,
       campaign = $9, updated_at = $10, search_text = $11, version = d.version + 1
 WHERE d.id = $1
RETURNING {columns}

-- name: set_lead
-- No row: the new lead has a deal of its own that routing opened, and a lead has at most one.
UPDATE deals d
   SET lead_id = $2, updated_at = $3, version = d.version + 1
 WHERE d.id = $1
   AND (d.origin <> 'routing' OR NOT EXISTS (SELECT FROM deals o WHERE o.lead_id = $2 AND o.origin = 'routing' AND o.id <> d.id))
RETURNING {columns}

-- name: move_tasks
-- What is still to be done about a deal is to be done with its new lead.
UPDATE tasks
   SET lead_id = $3, updated_at = $4, version = version + 1
 WHERE deal_id = $1 AND lead_id = $2 AND status = 'open'

-- name: bind_lead
-- A lead that gets a deal opened by routing stands where that deal stands, as if it had been routed: the machine leaves it alone.
UPDATE leads l
   SET deal_id = d.id, pipeline_id = d.pipeline_id, stage_id = d.stage_id, owner_id = COALESCE(l.owner_id, d.owner_id),
       routed_at = COALESCE(l.routed_at, $3), conflict_task_id = NULL, conflict_winner = NULL, updated_at = $3, version = l.version + 1,
       lifecycle = CASE d.status WHEN 'won' THEN 'customer' WHEN 'lost' THEN 'lost' ELSE 'routed' END
  FROM deals d
 WHERE l.id = $1 AND d.id = $2 AND l.deal_id IS NULL AND l.lifecycle IS DISTINCT FROM 'anonymized'

-- name: release_lead
-- A lead whose deal went to another one stands where its next deal stands, the open and newest first; without any it is back in the
-- pool, and stays a person's business, because it was routed once.
UPDATE leads l
   SET deal_id = CASE WHEN l.deal_id = $2 THEN o.deal_id ELSE l.deal_id END,
       pipeline_id = CASE WHEN l.deal_id = $2 THEN o.pipeline_id ELSE l.pipeline_id END,
       stage_id = CASE WHEN l.deal_id = $2 THEN o.stage_id ELSE l.stage_id END,
       lifecycle = CASE WHEN l.lifecycle IS NOT NULL THEN o.lifecycle END,
       updated_at = $3, version = l.version + 1
  FROM (SELECT (array_agg(d.id ORDER BY d.status <> 'open', d.created_at DESC, d.id))[1] AS deal_id,
               (array_agg(d.pipeline_id ORDER BY d.status <> 'open', d.created_at DESC, d.id))[1] AS pipeline_id,
               (array_agg(d.stage_id ORDER BY d.status <> 'open', d.created_at DESC, d.id))[1] AS stage_id,
               CASE WHEN bool_or(d.status = 'won') THEN 'customer'
                    WHEN bool_or(d.status = 'open') THEN 'routed'
                    WHEN count(*) > 0 THEN 'lost' END AS lifecycle
          FROM deals d
         WHERE d.lead_id = $1) o
 WHERE l.id = $1
   AND l.lifecycle IS DISTINCT FROM 'anonymized'
   AND (l.deal_id = $2 OR l.lifecycle IS NOT NULL AND l.lifecycle IS DISTINCT FROM o.lifecycle)

-- name: list_history
-- The stages a deal stood in, the present one first. Who moved it is a member's id or another word: only as a uuid it finds the member
-- through an index.
WITH entries AS (
  SELECT h.id, h.to_stage_id AS stage_id, h.moved_at AS entered_at, h.moved_by, h.reason
    FROM stage_history h
   WHERE h.deal_id = $1
   UNION ALL
  -- A deal that was brought in from elsewhere has no row for its beginning.
  SELECT d.id, COALESCE((SELECT f.from_stage_id FROM stage_history f WHERE f.deal_id = d.id ORDER BY f.moved_at, f.id LIMIT 1),
                        d.stage_id), d.created_at, NULL, NULL
    FROM deals d
   WHERE d.id = $1 AND NOT EXISTS (SELECT FROM stage_history h WHERE h.deal_id = d.id AND h.from_stage_id IS NULL)
),
-- Until the next one began. What the last one was left for is its own end: a deal that was closed where it stood.
spans AS (
  SELECT e.id, e.stage_id, e.entered_at, e.moved_by, e.reason,
         lead(e.entered_at) OVER (ORDER BY e.entered_at, e.id) AS next_at
    FROM entries e
)
SELECT p.id, p.stage_id, s.name AS stage_name, s.color, s.pipeline_id, l.name AS pipeline_name, p.entered_at,
       COALESCE(p.next_at, CASE WHEN NOT COALESCE(s.won OR s.lost, false) THEN d.closed_at END) AS left_at,
       d.status = 'open' AND p.next_at IS NULL AS running, p.moved_by,
       (SELECT m.name FROM team_members m WHERE m.id = CASE WHEN p.moved_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p.moved_by::uuid END) AS moved_by_name,
       p.reason
  FROM spans p
  JOIN deals d ON d.id = $1
  LEFT JOIN stages s ON s.id = p.stage_id
  LEFT JOIN pipelines l ON l.id = s.pipeline_id
 ORDER BY p.entered_at DESC, p.id DESC
 LIMIT $2
OFFSET $3

-- name: count_history
SELECT (SELECT count(*) FROM stage_history h WHERE h.deal_id = $1)
     + CASE WHEN EXISTS (SELECT FROM stage_history h WHERE h.deal_id = $1 AND h.from_stage_id IS NULL) THEN 0 ELSE 1 END

-- name: list_of_leads
-- All of them: one that is left out would be missing in the audit log.
SELECT {columns}
  FROM deals d
 WHERE d.lead_id = ANY ($1) OR d.id = ANY ($2)
 ORDER BY d.id
