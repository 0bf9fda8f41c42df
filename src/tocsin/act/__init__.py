"""Doing it and saying so: triage, tasks, warnings, sharing."""
