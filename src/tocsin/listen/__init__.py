"""Everything that comes in: events, deployments, places."""
