"""The API under /api/v1/: who gets in, what a body may be, how a fault is answered, and what describes it all."""
