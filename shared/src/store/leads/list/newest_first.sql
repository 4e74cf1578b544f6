   AND ($20 IS NULL OR (l.created_at, l.id) < ($20, $21))
 ORDER BY l.created_at DESC, l.id DESC
 LIMIT $18 OFFSET $19
