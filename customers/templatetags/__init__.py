"""Template tags of the pages of customers and equipment."""
