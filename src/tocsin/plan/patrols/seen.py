"""Where patrols have been: tracks kept as runs, and the visits they tell to the next plan."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from tocsin.plan.patrols.track import Followed, Stop
from tocsin.store import finish_run
from tocsin.store.runs import run_id
from tocsin.store.tables import run

REMEMBERED_DAYS = 60  # a visit longer ago counts for nothing (`layout.FADES_DAYS`)
MOST_TRACKS = 500


def keep_track(
    connection: sa.Connection, now: dt.datetime, plan: tuple[str, int], patrol: str, stops: Sequence[Stop],
    found: Followed, checksum: str,
) -> dict[str, Any]:  # fmt: skip
    """Write down what a patrol reached, with the days (UTC) on which its track says it was there.

    Parameters
    ----------
    plan : (str, int)
        Run of the patrols, and number of the plan of its mix.
    stops : sequence of Stop
        Of the plan, the base at both ends included.
    checksum : str
        Of the track's file; the file itself is not kept.
    """
    visits = [
        {"place": stop.name, "on": dt.datetime.fromtimestamp(at, dt.UTC).date().isoformat()}
        for stop, ok, at in zip(stops[1:-1], found.reached[1:-1], found.at[1:-1], strict=True)
        if ok and at is not None
    ]
    told = {"patrol": patrol, "plan": plan[1], "stops": [s.name for s in stops], **asdict(found), "visits": visits}
    inputs = {"patrols": plan[0], "plan": plan[1], "patrol": patrol, "track": checksum}
    id = run_id("track", inputs)
    finish_run(connection, id, "track", inputs, {"run": plan[0], **told}, now)
    return {"run": plan[0], "kept": id, **told}


def days_since(connection: sa.Connection, today: dt.date) -> dict[str, tuple[float, ...]]:
    """Days before `today` on which kept tracks say that each place was visited, the last first; none of later days."""
    rows = sa.select(run.c.output).where(run.c.kind == "track").order_by(run.c.made_at.desc()).limit(MOST_TRACKS)
    found: dict[str, set[int]] = {}
    for output in connection.execute(rows).scalars():
        for visit in output.get("visits", ()):
            days = (today - dt.date.fromisoformat(visit["on"])).days
            if 0 <= days <= REMEMBERED_DAYS:
                found.setdefault(visit["place"], set()).add(days)
    return {place: tuple(float(d) for d in sorted(days)) for place, days in sorted(found.items())}


def with_tracks(
    visited: Mapping[str, float | Sequence[float]], seen: Mapping[str, tuple[float, ...]]
) -> dict[str, float | Sequence[float]]:
    """Visits as somebody said them, and those of tracks where nobody said anything.

    >>> with_tracks({"bria": 3.0}, {"Bria": (1.0,), "Ippy": (2.0, 9.0)})
    {'bria': 3.0, 'Ippy': (2.0, 9.0)}
    """
    said = {place.casefold() for place in visited}
    return {**visited, **{place: days for place, days in seen.items() if place.casefold() not in said}}
