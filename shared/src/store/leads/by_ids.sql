 WHERE l.id = ANY ($1)
 ORDER BY l.id
