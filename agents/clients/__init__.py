"""Clients of other systems' APIs: they ask, check the shape of what came back, and say clearly what is wrong."""
