"""Floor 0: who wants to hear of which change, and by what road."""
