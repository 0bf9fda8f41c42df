"""Answers for the screen and for other tools, one module a room."""
