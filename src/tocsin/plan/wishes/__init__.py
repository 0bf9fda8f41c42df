"""Asking for a plan and finding it again: the wish is kept, worked on in a process of its own, and answered."""

from tocsin.plan.wishes.actions import ask, keep
from tocsin.plan.wishes.jobs import Planner
from tocsin.plan.wishes.model import Asked
from tocsin.plan.wishes.reads import list_cards, list_wishes
from tocsin.plan.wishes.sheets import AskedPatrols, AskedWay

__all__ = ["Asked", "AskedPatrols", "AskedWay", "Planner", "ask", "keep", "list_cards", "list_wishes"]
