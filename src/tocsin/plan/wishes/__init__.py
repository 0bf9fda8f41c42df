"""Asking for a plan and finding it again: the wish is kept, worked on in a process of its own, and answered."""

from tocsin.plan.wishes.actions import ask, keep
from tocsin.plan.wishes.jobs import Planner
from tocsin.plan.wishes.model import Asked
from tocsin.plan.wishes.reads import list_wishes

__all__ = ["Asked", "Planner", "ask", "keep", "list_wishes"]
