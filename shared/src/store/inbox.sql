-- part: columns
id, kind, source, queue, reason, detail, body, headers, received_at, status, replayed_at, replays

-- part: shown
-- The beginning of the body, and how long all of it is.
id, kind, source, queue, reason, detail, left(body, $12) AS body, octet_length(body) AS body_bytes, headers, received_at,
       status, replayed_at, replays

-- part: filter
($1::text IS NULL OR kind = $1)
   AND ($2::text IS NULL OR source = $2)
   AND ($3::text IS NULL OR status = $3)
   AND ($4::text IS NULL OR reason = $4)
   AND ($5::timestamptz IS NULL OR received_at >= $5)
   AND ($6::timestamptz IS NULL OR received_at < $6)
   AND ($7::uuid IS NULL OR id = $7)

-- name: park
SELECT lotse.park($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: note_stranger
SELECT FROM lotse.note_stranger($1, $2, $3, $4, $5, $6)

-- name: purge
SELECT lotse.purge_inbox($1, $2)

-- name: strangers_of_day
SELECT deliveries, bytes FROM lotse.strangers_of_day($1)

-- name: list_newest
SELECT {shown}
  FROM inbox
 WHERE {filter}
   AND ($8::timestamptz IS NULL OR (received_at, id) < ($8, $9::uuid))
 ORDER BY received_at DESC, id DESC
 LIMIT $10 OFFSET $11

-- name: list_oldest
SELECT {shown}
  FROM inbox
 WHERE {filter}
   AND ($8::timestamptz IS NULL OR (received_at, id) > ($8, $9::uuid))
 ORDER BY received_at, id
 LIMIT $10 OFFSET $11

-- name: count
SELECT count(*)
  FROM inbox
 WHERE {filter}

-- name: claim_named
-- Locked one after the other in the order of ids, so that two requests for the same rows take turns and the second finds them done.
WITH locked AS (
  SELECT {columns}
    FROM inbox
   WHERE id = ANY ($1)
   ORDER BY id
     FOR UPDATE
),
-- What fits into one request.
sized AS (
  SELECT locked.*, octet_length(body) AS body_bytes,
         sum(octet_length(body)) FILTER (WHERE status = 'open') OVER (ORDER BY received_at, id) AS bytes,
         row_number() OVER (ORDER BY received_at, id) AS place
    FROM locked
)
SELECT {columns}, body_bytes
  FROM sized
 WHERE place = 1 OR bytes IS NULL OR bytes <= $2
 ORDER BY received_at, id

-- name: existing
SELECT id
  FROM inbox
 WHERE id = ANY ($1)

-- name: claim_range
-- The oldest open ones that no other request holds.
WITH locked AS (
  SELECT {columns}
    FROM inbox
   WHERE source = $1
     AND received_at >= $2
     AND received_at < $3
     AND status = 'open'
   ORDER BY received_at, id
   LIMIT $4
     FOR UPDATE SKIP LOCKED
),
-- What fits into one request.
sized AS (
  SELECT locked.*, octet_length(body) AS body_bytes,
         sum(octet_length(body)) OVER (ORDER BY received_at, id) AS bytes,
         row_number() OVER (ORDER BY received_at, id) AS place
    FROM locked
)
SELECT {columns}, body_bytes
  FROM sized
 WHERE place = 1 OR bytes <= $5
 ORDER BY received_at, id

-- name: count_open_range
SELECT count(*)
  FROM inbox
 WHERE source = $1
   AND received_at >= $2
   AND received_at < $3
   AND status = 'open'

-- name: mark_replayed
UPDATE inbox
   SET status = 'replayed', replayed_at = $2, replays = replays + 1
 WHERE id = ANY ($1)

-- name: claim_given_up
SELECT id, queue, body FROM lotse.claim_given_up($1, $2, $3, $4, $5)

-- name: note_sent_again
SELECT FROM lotse.note_sent_again($1, $2)
