"""How many people live in each cell."""
