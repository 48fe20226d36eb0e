"""Equipment, and what hangs on what."""
