"""`tocsin learn hindsight`: every month's plan, made from what was known then, against what happened afterwards."""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import known_panel
from tocsin.assess.features.around import townspeople
from tocsin.assess.forecast import MODELS, forecast, main_model, stream, usual_models
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.core.errors import BadInput, NoData
from tocsin.core.geometry import distance_km
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text, months_of, year_month
from tocsin.learn.hindsight.replay import AS_IS, Hindsight, Killings, replay
from tocsin.learn.hindsight.responsiveness import responsiveness
from tocsin.listen.deployments.model import Unit
from tocsin.listen.deployments.reads import posture
from tocsin.listen.events.reads import event_texts, known_events, newest_month, vintage
from tocsin.plan.actions import STATE_FORCES, largest_places, movable_rows
from tocsin.store import finish_run
from tocsin.store.runs import run_id

Floats = npt.NDArray[np.float64]

AHEAD = 12
DISTRICT = 3  # UCDP where_prec: placed to a district or better
NEAR_KM = 50.0
PLAN, RECENT, PEOPLE = "plan", "nearest to last year's events", "nearest to people"


@dataclass(frozen=True)
class LookedBack:
    """What a look back found: the run's id and its summary (`gains`, `by_year`, `response`, `months` …)."""

    run: str
    summary: dict[str, Any]


def look_back(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    first: int,
    last: int,
    operations: tuple[str, ...] = (),
    most_moves: int = 3,
    limits: tuple[float, ...] = (2.0, 6.0, 12.0),
    plan_limit: float = 6.0,
    model: str | None = None,
    seed: int = 1,
    tell: Progress = silent,
) -> LookedBack:
    """Who of those killed was in reach as units stood, and would have been under the plan of each month.

    Each month's plan has the same units and may move `most_moves` of them; it sees the posture, people and events as
    they were known at the end of that month. What happened in the twelve months after comes from the newest data.

    Parameters
    ----------
    first, last : int
        Months whose postures are replayed; months without a known posture are left out and counted.
    operations : tuple of str
        Only units of these peace operations (MINUSCA …); all if empty.
    most_moves : int
    limits : tuple of float
        Hours within which arrival counts, for the tables.
    plan_limit : float
        Hours within which the plan wants places reached.
    model : str, optional
        Forecast the plan goes by; the one that plans of that month would have gone by if not given.

    Raises
    ------
    BadInput
        If months, limits or the model cannot be.
    NoData
        If there is no posture, or nobody was killed in the months after.
    """
    if first > last or most_moves < 0 or not limits or min(*limits, plan_limit) <= 0:
        raise BadInput("give a first month before the last, zero or more moves, and hours above zero")
    if model is not None and model not in MODELS:
        raise BadInput("'{name}' is not a model; there are: {known}", name=model, known=", ".join(MODELS))
    gw = gw_of(mission)
    end = newest_month(connection, gw)
    land = land_of(connection, mission, end)
    gids = land.ground.gids
    lon, lat = largest_places(connection, gids)
    killings, left_out = _killings(connection, land, end, gw)
    postures = _postures(connection, gids, first, last, operations)
    ahead_known = [m for m in postures if m + 1 <= end]
    if not ahead_known:
        raise NoData(
            "no month from {first} to {last} has both a known posture and a later month with events: import "
            "deployments and events of those months",
            first=month_text(first),
            last=month_text(last),
        )
    postures = {m: postures[m] for m in ahead_known}
    wanted, used, also = _wanted(connection, mission, sorted(postures), model, seed, tell)
    mobile = {id(units[i]) for units in postures.values() for i in movable_rows(units)}
    found = replay(
        postures, killings, wanted, lon, lat, fixed=lambda unit: id(unit) not in mobile, most_moves=most_moves,
        plan_limit=plan_limit, limits=limits, ahead=AHEAD, wet_months=mission.wet_months,
    )  # fmt: skip
    tell("Looking back", len(postures), len(postures))
    inputs = {
        "files": [[f["layout"], f["sha256"]] for f in vintage(connection, end, gw).files],
        "units": {str(m): [[u.name, u.lon, u.lat, u.strength] for u in units] for m, units in postures.items()},
        "first": first, "last": last, "operations": list(operations), "most_moves": most_moves,
        "limits": list(limits), "plan_limit": plan_limit, "model": used, "seed": seed,
        **({"also": also} if also else {}),
    }  # fmt: skip
    run = run_id("hindsight", inputs)
    result = {
        "run": run,
        "first": month_text(min(postures)),
        "last": month_text(max(postures)),
        "months": len(postures),
        "months_without_posture": last - first + 1 - len(postures),
        "judged_until": month_text(end),
        "months_reconstructed": sum(vintage(connection, m, gw).reconstructed for m in postures),
        "operations": list(operations),
        "model": used,
        "most_moves": most_moves,
        "plan_limit": plan_limit,
        "killed": float(killings.killed.sum()),
        "left_out_share": left_out,
        **_tables(found, seed),
        "response": _response(postures, killings, lon, lat, gids, seed),
        "assumes": [
            "Being in reach is not being saved; the real posture may itself have kept people alive where it stood.",
            "Both postures are held for twelve months, and travel time is measured as the crow flies.",
        ],
    }
    finish_run(connection, run, "hindsight", {**inputs, "units": len(postures)}, result, now)
    return LookedBack(run, result)


def _killings(connection: sa.Connection, land: Land, end: int, gw: int | None) -> tuple[Killings, float]:
    """Civilians killed in the mission's cells at places known well enough; and the share of deaths left out."""
    events = known_events(connection, vintage(connection, end, gw), end)
    events = events.take(np.isin(events.gid, land.ground.gids))
    one_sided = events.kind == 3
    killed = np.where(one_sided, events.best.astype(np.float64), np.nan_to_num(events.deaths_civilians))
    events, one_sided, killed = events.take(killed > 0), one_sided[killed > 0], killed[killed > 0]
    placed = events.where_prec <= DISTRICT
    total = float(killed.sum())
    if total <= 0:
        raise NoData("no civilian is recorded killed in the mission's cells: import events first")
    left_out = float(killed[~placed].sum()) / total
    events, one_sided, killed = events.take(placed), one_sided[placed], killed[placed]
    texts: dict[int, dict[str, Any]] = {}
    ids = events.id.tolist()
    for start in range(0, len(ids), 5000):
        texts |= event_texts(connection, ids[start : start + 5000])
    by = [
        ("state" if str(texts[i]["side_a"]).startswith(STATE_FORCES) else "non-state") if alone else "unknown"
        for i, alone in zip(ids, one_sided.tolist(), strict=True)
    ]
    month = months_of(events.first_day)
    area = np.array([str(a) or "?" for a in events.adm_1], dtype=np.str_)
    return Killings(events.lon, events.lat, month, killed, np.array(by, dtype=np.str_), area), left_out


def _postures(
    connection: sa.Connection, gids: npt.NDArray[np.int64], first: int, last: int, operations: tuple[str, ...]
) -> dict[int, list[Unit]]:
    found = {}
    for month in range(first, last + 1):
        try:
            found[month] = posture(connection, month, gids, list(operations) or None).units
        except NoData:
            continue
    return found


def _wanted(
    connection: sa.Connection, mission: Mission, months: Sequence[int], model: str | None, seed: int, tell: Progress
) -> tuple[Mapping[str, Any], str, dict[str, str]]:
    """What each policy would have its units reach in each month: a weight a cell, from what was known then.

    And the forecasts that the plans went by, in words; and the digests of alerts and indicators known at the end.
    """
    used: dict[str, None] = {}
    also: dict[str, str] = {}
    gw = gw_of(mission)
    by_policy: dict[str, dict[int, Floats]] = {PLAN: {}, RECENT: {}, PEOPLE: {}}
    for number, month in enumerate(months):
        tell("Forecasting as of each month", number, len(months))
        then = land_of(connection, mission, month)
        panel = known_panel(connection, mission, then, vintage(connection, month, gw), month, "civilians")
        also = {n: hashlib.sha256(plane.tobytes()).hexdigest() for n, plane in panel.also.items()}
        name = model or main_model(usual_models(panel.n_months, len(panel.gids)))
        used[name] = None
        by_policy[PLAN][month] = forecast(panel, "civilians", name, AHEAD, seed).mean().sum(axis=0)
        by_policy[RECENT][month] = np.nan_to_num(panel.counts["civilians"][-12:]).sum(axis=0).astype(np.float64)
        people = np.nan_to_num(then.people.people)
        by_policy[PEOPLE][month] = people if people.any() else townspeople(then.ground.gids).astype(np.float64)
    tell("Forecasting as of each month", len(months), len(months))
    return {name: table.__getitem__ for name, table in by_policy.items()}, ", ".join(used), also


def _tables(found: Hindsight, seed: int) -> dict[str, Any]:
    """Gains with intervals: by policy, limit and perpetrator; and by year of the posture."""
    actors = (None, *(a for a in found.actors if a != "unknown"))

    def row(policy: str, limit: float, **which: Any) -> dict[str, Any] | None:
        try:
            gain = found.gain(policy, limit, stream(seed, policy, str(limit), str(which)), **which)
        except NoData:
            return None
        return {**asdict(gain), "perpetrator": which.get("actor") or "all"}

    policies = [p for p in found.policies if p != AS_IS]
    gains = [row(p, limit, actor=actor) for p in policies for limit in found.limits for actor in actors]
    middle = found.limits[len(found.limits) // 2]
    years = np.array([year_month(int(m))[0] for m in found.months])
    by_year = []
    for year in np.unique(years).tolist():
        for policy in policies:
            line = row(policy, middle, months=found.months[years == year].tolist())
            if line is not None:
                by_year.append({"year": int(year), **line})
    return {
        "gains": [g for g in gains if g is not None],
        "by_year": by_year,
        "units_moved": {p: int(n) for p, n in zip(found.policies, found.moved.sum(axis=1), strict=True)},
    }


def _response(
    postures: Mapping[int, Sequence[Unit]], killings: Killings, lon: Floats, lat: Floats, gids: npt.NDArray[np.int64],
    seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Did the real posture follow violence: by perpetrator, and by cells with and without a town."""
    months = np.array(sorted(postures), dtype=np.int64)
    place = np.argmin(distance_km(killings.lon[:, None], killings.lat[:, None], lon, lat), axis=1)
    presence = np.zeros((len(months), len(gids)))
    for t, month in enumerate(months):
        for unit in postures[int(month)]:
            if unit.strength:
                presence[t, distance_km(unit.lon, unit.lat, lon, lat) <= NEAR_KM] += unit.strength
    town = townspeople(gids) >= 10_000
    found: list[dict[str, Any]] = []
    for label, actor, only in (
        ("all", None, None), ("by state forces", "state", None), ("by non-state groups", "non-state", None),
        ("in cells with a town", None, town), ("in cells without a town", None, ~town),
    ):  # fmt: skip
        use = np.ones(len(place), dtype=bool) if actor is None else killings.by == actor
        killed = np.zeros(presence.shape)
        for t, month in enumerate(months):
            rows = use & (killings.month == month)
            killed[t] = np.bincount(place[rows], killings.killed[rows], len(gids))
        try:
            told = responsiveness(presence, killed, stream(seed, "response", label), only=only)
        except NoData as problem:
            found.append({"which": label, "words": str(problem)})
            continue
        found.append(
            {"which": label, "words": told.words, "shocks": told.shocks, "places": told.places,
             "months_to_respond": told.months_to_respond, "months_from": told.lags.tolist(),
             "change": told.change.tolist(), "low_90": told.low.tolist(), "high_90": told.high.tolist()}
        )  # fmt: skip
    return found
