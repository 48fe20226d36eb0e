"""Duty: who is called, when, and what happens when they do not answer."""
