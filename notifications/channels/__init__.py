"""Channels: the roads by which a notice reaches an address. One file each, and one line in the setting CHANNELS."""
