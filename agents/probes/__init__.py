"""Ways of looking: one file each, without Django."""
