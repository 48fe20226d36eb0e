"""Meters of equipment: hours run, gigabytes carried."""
