"""Reminders: something to think of at a time, for oneself or for a colleague, of any object or of none."""
