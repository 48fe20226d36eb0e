"""Delivering: how what is in the outbox gets to its addresses."""
