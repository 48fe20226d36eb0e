"""This floor in the API."""
