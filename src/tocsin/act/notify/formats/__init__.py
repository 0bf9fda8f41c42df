"""How each gateway wants a message, what it answers, and how it reports delivery."""
