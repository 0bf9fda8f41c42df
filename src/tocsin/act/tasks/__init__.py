"""Who does what by when, and how far it has come."""

from tocsin.act.tasks.actions import Step, give, hand_on, move, move_many
from tocsin.act.tasks.model import NewTask, Outcome, TaskState

__all__ = ["NewTask", "Outcome", "Step", "TaskState", "give", "hand_on", "move", "move_many"]
