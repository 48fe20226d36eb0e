"""Text messages: what they cost, what they say, and who carries them. Notices and customer messages share this."""
