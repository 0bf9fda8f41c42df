"""Today's cards by lot: which plan, and at which hour each patrol leaves, within what it has to spare."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tocsin.plan.patrols.model import Outing, Patrol, times

SPARED = 0.5  # of the time to spare the hour of leaving is drawn within; the rest is for what goes wrong (judgement)
STEP_HOURS = 1 / 12  # leaving is told to five minutes


def latest_leave(problem: Outing, patrol: Patrol, visits: Sequence[int]) -> float:
    """Latest hour at which a patrol may be told to leave: half of the time to spare after its first hour.

    >>> import numpy as np
    >>> from tocsin.plan.patrols.model import Outing
    >>> there = Patrol("a", 0, 0, 6.0, 18.0)
    >>> out = Outing(np.array([[0.0, 3.0], [3.0, 0.0]]), np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.zeros(2),
    ...              np.full(2, 24.0), (there,))
    >>> latest_leave(out, there, (1,))
    8.0
    """
    if not len(visits):
        return patrol.leave
    low, high = 0, int((patrol.back - patrol.leave) / STEP_HOURS)
    while low < high:
        middle = (low + high + 1) // 2
        if times(problem, replace(patrol, leave=patrol.leave + middle * STEP_HOURS), list(visits)) is None:
            high = middle - 1
        else:
            low = middle
    return patrol.leave + int(SPARED * low) * STEP_HOURS


def waited(problem: Outing, patrol: Patrol, visits: Sequence[int]) -> list[float]:
    """Hours a patrol that leaves at its first hour waits before each visit begins."""
    timed = times(problem, patrol, list(visits))
    clock, at, found = patrol.leave, patrol.start, []
    for place, begins in zip(visits, timed[0] if timed else (), strict=False):
        found.append(max(0.0, begins - clock - float(problem.hours[at, place])))
        clock, at = begins + float(problem.stay[place]), place
    return found


def left_later(patrol: dict[str, Any], hours: float) -> dict[str, Any]:
    """A patrol as a summary has it, told to leave so many hours later: what it waited for is eaten up first.

    >>> one = {"leave": 6.0, "back": 12.0, "stops": [{"at": 9.0, "waits": 0.5}], "hours_out": 6.0}
    >>> left_later(one, 2.0)
    {'leave': 8.0, 'back': 13.5, 'stops': [{'at': 10.5, 'waits': 0.0}], 'hours_out': 5.5}
    """
    late, stops = hours, []
    for stop in patrol["stops"]:
        eaten = min(late, stop.get("waits", 0.0))
        late -= eaten
        stops.append({**stop, "at": stop["at"] + late, **({"waits": stop["waits"] - eaten} if "waits" in stop else {})})
    back = patrol["back"] + late
    return {**patrol, "leave": patrol["leave"] + hours, "back": back, "stops": stops,
            "hours_out": back - patrol["leave"] - hours if patrol["stops"] else 0.0}  # fmt: skip


def draw_cards(summary: dict[str, Any], lot: Random) -> list[dict[str, Any]]:
    """The patrols of one plan of the mix, drawn by its chance, each told to leave at an hour drawn too.

    Parameters
    ----------
    summary : dict
        What `plan_patrols` gave.
    lot : random.Random
        For cards that are driven one nobody can know, such as `secrets.SystemRandom`.
    """
    plans = summary["mix"]["plans"]
    plan = lot.choices(plans, [p["chance"] for p in plans])[0]
    steps = [round((p.get("leave_until", p["leave"]) - p["leave"]) / STEP_HOURS) for p in plan["patrols"]]
    return [left_later(p, lot.randrange(n + 1) * STEP_HOURS) for p, n in zip(plan["patrols"], steps, strict=True)]
