"""What to do with what we have: mobility, posture, cover."""
