"""Backups: making, keeping and putting back, the secret keys apart from them, and upgrades that can be taken back."""
