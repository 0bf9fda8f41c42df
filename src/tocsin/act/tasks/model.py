"""A task as it is given, and the way it goes."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from tocsin.act.triage.proposal import Owner, Tier
from tocsin.core.codes import Classification, Component, Tlp


class TaskState(StrEnum):
    """How far a task has come."""

    GIVEN = "given"
    ACKNOWLEDGED = "acknowledged"
    STARTED = "started"
    ARRIVED = "arrived"
    DONE = "done"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of it; the same words for tasks and alerts."""

    AVERTED = "averted"
    DETERRED = "deterred"
    IN_TIME = "in_time"
    LATE = "late"
    FALSE = "false"
    NOT_REACHED = "not_reached"
    REFERRED = "referred"


class Reason(StrEnum):
    """Why nothing was done about an alert."""

    NO_UNIT = "no_unit_in_reach"
    NO_ACCESS = "no_access"
    INSECURITY = "insecurity"
    TOO_LATE = "too_late"
    NO_PLACE = "no_place"
    NOT_CREDIBLE = "not_credible"
    NO_MEANS = "no_means"
    OTHERS_ACTED = "others_acted"
    NOT_OURS = "not_ours"


# From which states a step may be taken; a step may pass over others (a patrol that reports only its arrival).
STEPS: dict[TaskState, tuple[TaskState, ...]] = {
    TaskState.ACKNOWLEDGED: (TaskState.GIVEN,),
    TaskState.STARTED: (TaskState.GIVEN, TaskState.ACKNOWLEDGED),
    TaskState.ARRIVED: (TaskState.GIVEN, TaskState.ACKNOWLEDGED, TaskState.STARTED),
    TaskState.DONE: (TaskState.GIVEN, TaskState.ACKNOWLEDGED, TaskState.STARTED, TaskState.ARRIVED),
    TaskState.CANCELLED: (TaskState.GIVEN, TaskState.ACKNOWLEDGED, TaskState.STARTED, TaskState.ARRIVED),
}
OPEN = (TaskState.GIVEN, TaskState.ACKNOWLEDGED, TaskState.STARTED, TaskState.ARRIVED)


@dataclass(frozen=True)
class NewTask:
    """What is to be done, by whom, by when.

    Parameters
    ----------
    owner : str or None
        Account; None: given to a role, the ladder finds somebody.
    responder : str
        Unit or partner that acts; empty where a role does.
    tlp, classification : optional
        Label; as strict as the alert's when not given. A lower one needs the right and a reason.
    """

    what: str
    tier: Tier
    component: Component
    due_at: dt.datetime
    alert_id: int | None = None
    owner: str | None = None
    responder: str = ""
    responder_owner: Owner = Owner.CIVILIAN
    answer_by: dt.datetime | None = None
    area: str | None = None
    place: str | None = None
    tlp: Tlp | None = None
    classification: Classification | None = None
    why_lower: str = ""
