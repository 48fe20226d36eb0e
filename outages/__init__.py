"""Floor 3: which equipment is down, since when, why, and whom it hurts."""
