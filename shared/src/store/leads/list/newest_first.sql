   AND ($19 IS NULL OR (l.created_at, l.id) < ($19, $20))
 ORDER BY l.created_at DESC, l.id DESC
 LIMIT $17 OFFSET $18
