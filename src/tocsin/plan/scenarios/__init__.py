"""What if: named changes to the posture, the forecast or the season, side by side."""

from tocsin.plan.scenarios.model import Kept, Scenario, read_kept, read_scenarios

__all__ = ["Kept", "Scenario", "read_kept", "read_scenarios"]
