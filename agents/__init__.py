"""Floor 1: who looks, how one looks, what came back."""
