"""What people read: the brief and its formats."""
