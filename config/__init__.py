"""The top floor: settings, people, set-up, health, and the start of everything."""

__version__ = "0.1.0"
