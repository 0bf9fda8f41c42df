"""What to do with what we have: mobility, posture, cover."""

from tocsin.plan.cover import LIMITS, Coverage, Gap, Ratio, coverage, gaps, ratios
from tocsin.plan.drawn import Loss, Plan, draw_up
from tocsin.plan.moves import Move, Moves, best_moves

__all__ = [
    "LIMITS",
    "Coverage",
    "Gap",
    "Loss",
    "Move",
    "Moves",
    "Plan",
    "Ratio",
    "best_moves",
    "coverage",
    "draw_up",
    "gaps",
    "ratios",
]
