"""What templates can say of notices."""
