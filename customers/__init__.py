"""Floor 2: whom we serve, and with what."""
