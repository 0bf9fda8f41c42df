"""Who is on call, ladders and pages, signs of life."""

from tocsin.act.duty.actions import Cause, advance_ladders, answer_ladders, raise_ladder

__all__ = ["Cause", "advance_ladders", "answer_ladders", "raise_ladder"]
