 LIMIT $18) f
