) f
