"""What if: named changes to the posture, the forecast or the season, side by side."""

from tocsin.plan.scenarios.model import Scenario, read_scenarios

__all__ = ["Scenario", "read_scenarios"]
