"""Today over HTTP: who asks, how old the data are, what the newest forecast and plan say in a few lines."""

import datetime as dt
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel

from tocsin import __version__
from tocsin.assess.reads import assessed_before, assessed_land, grid, latest_assessed, may_see
from tocsin.brief.cell import reasons_for
from tocsin.brief.desk import desk
from tocsin.core.errors import Forbidden, NoData
from tocsin.core.time import month_of, month_text
from tocsin.listen.alerts.gateways import list_gateways
from tocsin.listen.alerts.tables import report
from tocsin.listen.places.reads import gazetteer
from tocsin.listen.sources.tables import source_file
from tocsin.store import reading, writing
from tocsin.store.looks import look
from tocsin.store.policy import allowed, demand, only_readable
from tocsin.store.runs import latest_run
from tocsin.web.api.assess import CellName, Driver, driver, names_of
from tocsin.web.who import Asker, At

router = APIRouter(prefix="/api", tags=["today"])
TOP = 8
MOVED = 6
LEAST_MOVE = 0.05  # expected killed: less is no news
RECENT = 12


class Here(BaseModel):
    """The mission, and what the screen may offer to who asks."""

    mission: str
    language: str
    version: str
    may: list[str]


class Source(BaseModel):
    """One line of the data: `age_months` is how far its newest month lies back, null where it covers no month."""

    name: str
    layout: str
    release: str
    imported_at: dt.datetime
    until: str | None
    age_months: int | None
    read: int
    rejected: int


class WayIn(BaseModel):
    """A way in for reports, and when something last came by it; null: never. An empty name: by any way."""

    name: str
    heard_at: dt.datetime | None


class TopCell(BaseModel):
    """A cell with a high forecast for the next month, beside its mean recorded month of the last twelve."""

    cell: CellName
    expected: float
    low_80: float | None
    high_80: float | None
    p_any: float | None
    recent_mean: float | None


class Outlook(BaseModel):
    """The next month against the months recorded."""

    as_of: str
    month: str
    target: str
    expected: float
    recent_mean: float | None
    last_month: float | None
    unknown_cells: int
    rising: list[TopCell]
    top: list[TopCell]


class Gap(BaseModel):
    """A place with a high forecast that no unit reaches in time; null hours: nobody reaches it."""

    gid: int
    area: str
    place: str
    expected: float
    hours: float | None
    unit: str | None


class Today(BaseModel):
    """The morning's page. What the asker may not see, or nobody has made yet, is null."""

    now: dt.datetime
    outlook: Outlook | None
    gaps: list[Gap] | None
    limit_hours: float | None
    sources: list[Source] | None
    ways: list[WayIn] | None


ASKED = (
    ("read", "alert"), ("change", "alert"), ("read", "report"), ("create", "report"), ("read", "task"),
    ("create", "task"), ("change", "task"), ("read", "plan"), ("create", "plan"), ("read", "forecast"),
    ("read", "deployment"), ("read", "brief"), ("read", "warning"), ("create", "warning"), ("approve", "warning"),
)  # fmt: skip


class Waits(BaseModel):
    """How many of each; null where the asker's role shows none."""

    alerts: int | None
    tasks: int | None


class New(Waits):
    """What came since the visit before."""

    reports: int | None
    warnings: int | None
    plans: int | None


class NoLead(BaseModel):
    """An alert that nobody has taken on."""

    id: int
    threat: str | None
    imminence: str | None
    place: str | None
    area: str | None
    level: str
    practice: bool
    heard_at: dt.datetime
    late: bool


class LateCase(BaseModel):
    """An alert (`what` acknowledge or decide) or a task (`answer` or `due`) past a time it should have met."""

    kind: Literal["alert", "task"]
    id: int
    what: Literal["acknowledge", "decide", "answer", "due"]
    name: str
    place: str | None
    by: dt.datetime


class SilentLink(BaseModel):
    """A link or unit whose sign of life has stopped."""

    id: str
    kind: str
    at: dt.datetime
    silent_s: float


class DeskNow(BaseModel):
    """What waits for the asker. `since` is the end of their visit before this one, null the first time."""

    since: dt.datetime | None
    new: New
    open: Waits
    late: Waits
    late_cases: list[LateCase]
    no_lead: list[NoLead] | None
    no_lead_in_all: int | None
    beating: int | None
    silent: list[SilentLink] | None


class MovedRisk(BaseModel):
    """A cell whose forecast for one month is another than in the assessment before, and what drives it."""

    cell: CellName
    expected: float
    before: float
    why: list[Driver]


class MovedSince(BaseModel):
    """Cells that moved between two assessments of the same month: as of which month each, and when it was made."""

    month: str
    as_of: str
    before: str
    made_at: dt.datetime
    before_made_at: dt.datetime
    cells: list[MovedRisk]


@router.get("/today/desk", summary="New since you were here, open and late, without a lead, out of contact")
def desk_now(at: At, asker: Asker) -> DeskNow:
    """Counts and short lists of what the asker may see."""
    with reading(at.engine) as connection:
        found = desk(connection, asker, at.now())
    return DeskNow(
        since=found.since, new=New(**found.new), open=Waits(**found.open), late=Waits(**found.late),
        late_cases=[LateCase(**vars(c)) for c in found.late_cases], no_lead_in_all=found.no_lead_in_all,
        no_lead=None if found.no_lead is None else [NoLead(**r) for r in found.no_lead],
        beating=found.beating,
        silent=None if found.silent is None else [
            SilentLink(id=r["id"], kind=r["kind"], at=r["at"], silent_s=r["silent_s"]) for r in found.silent
        ],
    )  # fmt: skip


@router.post("/today/look", summary="Note that you look now", status_code=204)
def note_look(at: At, asker: Asker) -> None:
    """What came before this visit is then no longer new at the next one."""
    with writing(at.engine) as connection:
        look(connection, asker, at.now())


@router.get("/today/moved", summary="Where the forecast moved since the assessment before, and why")
def moved(at: At, asker: Asker) -> MovedSince | None:
    """Null where there is one assessment only."""
    demand(asker, "read", "forecast")
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        earlier = assessed_before(connection, at.mission, done)
        if earlier is None:
            return None
        now, then = grid(at.mission, done), grid(at.mission, earlier.assessed, done.summary["target"])
        land = assessed_land(connection, at.mission, done)
        step = now.as_of + 1 - (then.as_of + 1)
        if not 0 <= step < len(then.ahead["mean"]) or not np.array_equal(now.gids, then.gids):
            return None
        seen = np.flatnonzero(may_see(asker, land))
        new, old = now.ahead["mean"][0, seen], then.ahead["mean"][step, seen]
        change = np.nan_to_num(new - old)
        order = [int(k) for k in np.argsort(-np.abs(change), kind="stable")[:MOVED] if abs(change[k]) >= LEAST_MOVE]
        names = {n.gid: n for n in names_of(connection, land, [int(seen[k]) for k in order])}
        why = reasons_for(connection, land, now, [int(now.gids[seen[k]]) for k in order])
    return MovedSince(
        month=month_text(now.as_of + 1), as_of=month_text(now.as_of), before=month_text(then.as_of),
        made_at=earlier.newer_made_at, before_made_at=earlier.made_at,
        cells=[
            MovedRisk(
                cell=names[int(now.gids[seen[k]])], expected=round(float(new[k]), 2), before=round(float(old[k]), 2),
                why=[driver(r) for r in why[int(now.gids[seen[k]])][:2]],
            )
            for k in order
        ],
    )  # fmt: skip


@router.get("/here")
def here(at: At, asker: Asker) -> Here:
    """The mission, and what the screen may offer; every route decides for itself what it gives."""
    return Here(
        mission=at.mission.name, language=at.mission.language, version=__version__,
        may=[f"{what} {kind}" for what, kind in ASKED if allowed(asker, what, kind)],
    )  # fmt: skip


@router.get("/today")
def today(at: At, asker: Asker) -> Today:
    """What is known this morning."""
    now = at.now()
    with reading(at.engine) as connection:
        sources = None
        if allowed(asker, "read", "event"):
            query = only_readable(sa.select(source_file).order_by(source_file.c.id), source_file, asker)
            sources = [_source(r, month_of(now.date())) for r in connection.execute(query)]
        ways = _ways(connection, asker) if allowed(asker, "read", "report") else None
        outlook = _outlook(connection, at, asker)
        plan = latest_run(connection, "plan") if allowed(asker, "read", "plan") else None
        gaps = None if plan is None else _gaps(connection, plan[1])
    return Today(
        now=now, outlook=outlook, gaps=gaps, limit_hours=plan[1]["limit_hours"] if plan else None, sources=sources,
        ways=ways,
    )  # fmt: skip


def _ways(connection: sa.Connection, asker: Any) -> list[WayIn]:
    newest = sa.select(report.c.received_at).order_by(report.c.id.desc()).limit(1)
    found = [WayIn(name="", heard_at=connection.execute(only_readable(newest, report, asker)).scalar_one_or_none())]
    if allowed(asker, "read", "gateway"):
        rows = list_gateways(connection, asker)
        found += [WayIn(name=r["id"], heard_at=r["heard_at"]) for r in rows if r["closed_at"] is None]
    return found


def _source(row: Any, month: int) -> Source:
    until = row.covers_until
    return Source(
        name=row.name, layout=row.layout, release=row.release, imported_at=row.imported_at.replace(tzinfo=dt.UTC),
        until=None if until is None else month_text(until), age_months=None if until is None else max(0, month - until),
        read=row.n_read, rejected=row.n_rejected,
    )  # fmt: skip


def _outlook(connection: sa.Connection, at: Any, asker: Any) -> Outlook | None:
    try:
        done = latest_assessed(connection)
        found = grid(at.mission, done)
        land = assessed_land(connection, at.mission, done)
        seen = np.flatnonzero(may_see(asker, land))
    except (NoData, Forbidden):
        return None
    ahead = {name: plane[0, seen] for name, plane in found.ahead.items()}
    past = found.recorded[-RECENT:, seen]
    looked = np.isfinite(past)
    mean = np.where(looked.any(axis=0), np.nansum(past, axis=0) / np.maximum(looked.sum(axis=0), 1), np.nan)
    order = np.argsort(-np.nan_to_num(ahead["mean"]), kind="stable")[:TOP]
    rise = np.nan_to_num(ahead["mean"] - mean)
    rising = [k for k in np.argsort(-rise, kind="stable")[:TOP] if rise[k] > 0.05]
    indices = [int(seen[k]) for k in {*order.tolist(), *(int(k) for k in rising)}]
    names = {n.gid: n for n in names_of(connection, land, indices)}

    def told(k: int) -> TopCell:
        def value(x: float) -> float | None:
            return round(float(x), 2) if np.isfinite(x) else None

        return TopCell(
            cell=names[int(found.gids[seen[k]])], expected=value(ahead["mean"][k]) or 0.0,
            low_80=value(ahead["q10"][k]), high_80=value(ahead["q90"][k]), p_any=value(ahead["p_any"][k]),
            recent_mean=value(mean[k]),
        )  # fmt: skip

    last = past[-1] if len(past) else np.array([np.nan])
    return Outlook(
        as_of=month_text(found.as_of), month=month_text(found.as_of + 1), target=found.target,
        expected=float(np.nansum(ahead["mean"])),
        recent_mean=float(np.nansum(mean)) if np.isfinite(mean).any() else None,
        last_month=float(np.nansum(last)) if np.isfinite(last).any() else None,
        unknown_cells=int(np.isnan(ahead["mean"]).sum()),
        rising=[told(k) for k in rising], top=[told(k) for k in order.tolist() if ahead["mean"][k] > 0],
    )  # fmt: skip


def _gaps(connection: sa.Connection, made: dict[str, Any]) -> list[Gap]:
    names = gazetteer(connection)
    found = []
    for g in made["gaps"][:TOP]:
        near = names.nearest(g["lon"], g["lat"])
        found.append(
            Gap(gid=g["gid"], area=g["area"] or "", place=near.name if near else "", expected=round(g["risk"], 2),
                hours=g["nearest_hours"], unit=g["nearest_unit"])
        )  # fmt: skip
    return found
