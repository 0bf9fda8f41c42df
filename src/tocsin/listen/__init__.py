"""Everything that comes in: events, deployments, people, places."""
