"""Asking for a plan and finding it again: the wish is kept, worked on in a process of its own, and answered."""

from tocsin.plan.wishes.actions import ask, keep
from tocsin.plan.wishes.jobs import Planner
from tocsin.plan.wishes.leaving import AskedLeave, AskedWatch
from tocsin.plan.wishes.model import Asked
from tocsin.plan.wishes.reads import list_cards, list_leaving, list_whatifs, list_wishes
from tocsin.plan.wishes.sheets import AskedPatrols, AskedWay
from tocsin.plan.wishes.whatifs import AskedWhatIfs, read_whatifs, whatifs_of

__all__ = [
    "Asked",
    "AskedLeave",
    "AskedPatrols",
    "AskedWatch",
    "AskedWay",
    "AskedWhatIfs",
    "Planner",
    "ask",
    "keep",
    "list_cards",
    "list_leaving",
    "list_whatifs",
    "list_wishes",
    "read_whatifs",
    "whatifs_of",
]
