"""Reports from communities: read, understood, placed, joined with what others said, graded."""
