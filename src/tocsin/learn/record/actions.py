"""`tocsin learn backtest`: the mission's own record over rolling origins, each with the data as they stood then."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from tocsin.assess.actions import first_month, make_panel
from tocsin.assess.features import trailing
from tocsin.assess.forecast import CLIMATOLOGY, MODELS, main_model, usual_models
from tocsin.assess.ground import Land, gw_of, land_of
from tocsin.assess.indicators import with_known
from tocsin.assess.panel import ASKED, TOTAL, Panel
from tocsin.assess.panel.build import write_parquet
from tocsin.core import areas as world
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.spread import spread
from tocsin.core.time import month_text, year_month
from tocsin.learn.record.backtest import Origin, judged, outcomes
from tocsin.learn.record.compare import SINGLE, block_bootstrap, diebold_mariano, losses, single
from tocsin.learn.record.reach import gain_in_reach, inside_cells, inside_people, people_share
from tocsin.learn.record.scores import Rows, joined
from tocsin.learn.record.summary import pit_histogram, reliability, summary
from tocsin.learn.record.warnings import lead_times, onset
from tocsin.learn.record.watch import made_before, verdict, watch
from tocsin.listen.events.reads import newest_month, vintage
from tocsin.store import finish_run
from tocsin.store.runs import run_id

METRICS = (
    "crps", "crps_events", "ign", "mis", "brier", "brier_25", "log_any", "ap", "ap_25", "mean_ratio", "coverage_pit",
    "width", "top_1", "top_5", "top_10",
)  # fmt: skip
RIVALS = ("zero", "conflictology", CLIMATOLOGY)  # every model is compared with these, as far as they are judged
AREA_METRICS = ("crps", "brier", "ap", "mean_ratio", "rows")
SHARES = (0.01, 0.05, 0.10)  # of people


@dataclass(frozen=True)
class Recorded:
    """What a backtest found: the run's id and its summary (`table`, `skill`, `file` …)."""

    run: str
    summary: dict[str, Any]


def record(
    connection: sa.Connection,
    mission: Mission,
    now: dt.datetime,
    until: int | None = None,
    origins: int = 24,
    horizon: int = 12,
    targets: tuple[str, ...] = ("civilians",),
    models: tuple[str, ...] | None = None,
    seed: int = 1,
    tell: Progress = silent,
    how: str = "no",
) -> Recorded:
    """Judge models by what happened after each of the last `origins` months.

    At each origin a model gets the panel as it would have been built then (`vintage`); what happened is read from the
    data as they stood when the last judged month was first covered.

    Parameters
    ----------
    until : int, optional
        Last month that may be used for judging; the newest covered month if not given.
    origins : int
        Number of monthly origins; the last lies one month before `until`.
    horizon : int
        Months ahead that are judged, as far as they lie within `until`.
    targets, models : tuple of str
        Models: those an assessment makes (`usual_models`) and the refreshed climatology, if not given.
    seed : int
    how : str
        Where it runs (`core.spread`): each origin is one task. The figures are the same.

    Raises
    ------
    BadInput
        If a target or model does not exist, or there is not enough history.
    """
    for name in models or ():
        if name not in MODELS:
            raise BadInput("'{name}' is not a model; there are: {known}", name=name, known=", ".join(MODELS))
    for target in targets:
        if target not in ASKED:
            raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(ASKED))
    if origins < 1 or not 1 <= horizon <= 36:
        raise BadInput("a backtest needs at least one origin and a horizon of 1 to 36 months")
    gw = gw_of(mission)
    end = newest_month(connection, gw) if until is None else until
    land = land_of(connection, mission, end)
    truth, facts = make_panel(connection, land, vintage(connection, end, gw), end)
    if TOTAL in targets:
        truth = truth.with_total()
    months = [m for m in range(end - origins, end) if m >= truth.first_month + 12]
    if not months:
        raise BadInput("there is not a year of history before the first origin: choose fewer --origins")
    steps = np.arange(1, horizon + 1)
    shortest = min(m - first_month(vintage(connection, m, gw), m) + 1 for m in months)
    names = models or (*usual_models(shortest, len(truth.gids)), CLIMATOLOGY)
    # What each origin's last year looked like then, to rank cells by: the map that a forecast has to beat.
    last_year: dict[tuple[int, str], npt.NDArray[np.float64]] = {}

    def task(origin: int) -> Origin:
        then = land_of(connection, mission, origin)
        seen, _ = make_panel(connection, then, vintage(connection, origin, gw), origin)
        seen = with_known(seen.with_total() if TOTAL in targets else seen, connection, mission)
        for target in targets:
            last_year[origin, target] = np.nan_to_num(trailing(seen.counts[target][-12:], 12)[-1])
        return Origin(seen, {t: outcomes(truth, t, origin, steps) for t in targets}, names, steps, seed)

    parts: dict[tuple[str, str], list[Rows]] = {(t, m): [] for t in targets for m in names}
    tasks = map(task, months)
    for number, found in enumerate(map(judged, tasks) if how == "no" else spread(judged, list(tasks), how)):
        tell("Judging", number + 1, len(months))
        for key, part in found.items():
            parts[key].append(part)
    rows = {key: joined(found) for key, found in parts.items()}
    people = land.people.people
    table = [
        {
            "target": target,
            "model": name,
            "months_ahead": label,
            "n": len(chosen),
            **_plain(summary(chosen, METRICS)),
            **_plain(_of_people(chosen, people[np.searchsorted(truth.gids, chosen.gid)])),
        }
        for (target, name), found in rows.items()
        for label, chosen in _slices(found, onset(found, truth, target))
        if len(chosen)
    ]
    skill = [
        {"target": target, "model": name, "against": rival, "measure": measure,
         **_skill(found, rows[target, rival], measure)}
        for (target, name), found in rows.items()
        for rival in RIVALS
        if rival != name and (target, rival) in rows
        for measure in SINGLE
    ]  # fmt: skip
    reach = [
        {"target": target, "model": name, "months_ahead": label, **line}
        for (target, name), found in rows.items()
        for label, chosen in (("1", found.where(found.step == 1)), ("all", found))
        for line in _reach(
            chosen, people[np.searchsorted(truth.gids, chosen.gid)], _map(chosen, truth, target, last_year)
        )
    ]
    calibration = [
        {
            "target": target,
            "model": name,
            "pit": [float(v) for v in pit_histogram(found)],
            "reliability": {k: [float(v) for v in values] for k, values in reliability(found).items()},
        }
        for (target, name), found in rows.items()
    ]
    warned = [
        {"target": target, "model": name, **lead_times(found).summary()} for (target, name), found in rows.items()
    ]
    areas = [
        {"target": target, "model": name, "area": area, **_plain(summary(chosen, AREA_METRICS))}
        for (target, name), found in rows.items()
        for area, chosen in _by_place(found, truth.gids, land.area_names)
    ]
    countries = [
        {"target": target, "model": name, "country": country, **_plain(summary(chosen, AREA_METRICS))}
        for (target, name), found in rows.items()
        for country, chosen in _by_place(found, truth.gids, _country_names(land))
    ]
    ours = main_model(names)
    inputs = {
        "files": [[f["layout"], f["sha256"]] for f in vintage(connection, end, gw).files],
        "until": end, "origins": origins, "horizon": horizon, "targets": list(targets), "models": list(names),
        "seed": seed,
    }  # fmt: skip
    id = run_id("record", inputs)
    path = mission.panels / f"record-{month_text(end)}-{id}.parquet"
    write_parquet(_columns(rows), path, {"run": id, **inputs, **facts})
    result = {
        "run": id,
        "until": month_text(end),
        "origins": len(months),
        "first_origin": month_text(months[0]),
        "horizon": horizon,
        "table": table,
        "skill": skill,
        "calibration": calibration,
        "reach": reach,
        "lead": warned,
        "areas": areas,
        "countries": countries,
        "model": ours,
        "losses": losses(table, ours),
        "file": str(path.relative_to(mission.folder)),
    }
    finish_run(connection, id, "record", inputs, result, now)
    return Recorded(id, result)


def drift(
    connection: sa.Connection, mission: Mission, until: int | None, months: int, target: str, model: str | None = None
) -> dict[str, Any]:
    """Forecasts made before, judged by the months that came: ``verdict`` and ``months``, oldest first.

    Without a model, the one that plans went by; ``model`` is then that of the newest month judged.

    Raises
    ------
    BadInput
        If the target does not exist.
    """
    if target not in ASKED:
        raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(ASKED))
    gw = gw_of(mission)
    end = newest_month(connection, gw) if until is None else until
    if all(as_of >= end for as_of in made_before(mission)):
        # Nothing can be judged: a world need not be counted to say so.
        return {"until": month_text(end), "target": target, "model": model or "", "verdict": verdict([]), "months": []}
    panel, _ = make_panel(connection, land_of(connection, mission, end), vintage(connection, end, gw), end)
    rows = watch(mission, panel.with_total() if target == TOTAL else panel, target, model, months)
    judged = model or (rows[-1]["model"] if rows else "")
    return {"until": month_text(end), "target": target, "model": judged, "verdict": verdict(rows), "months": rows}


def _slices(rows: Rows, first: npt.NDArray[np.bool_]) -> list[tuple[str, Rows]]:
    """All months ahead together, each band of them, where violence begins and goes on, each year of origins."""
    years = np.array([year_month(int(m))[0] for m in rows.origin])
    bands = (("1", 1, 1), ("2–3", 2, 3), ("4–6", 4, 6), ("7–12", 7, 12), ("13–24", 13, 24), ("25–36", 25, 36))
    return [
        ("all", rows),
        *((name, rows.where((rows.step >= low) & (rows.step <= high))) for name, low, high in bands),
        ("onset", rows.where(first)),
        ("continuation", rows.where(~first)),
        *((f"origins of {year}", rows.where(years == year)) for year in np.unique(years)),
    ]


def _of_people(rows: Rows, people: npt.NDArray[np.float64]) -> dict[str, float]:
    return {f"people_{round(100 * share)}": people_share(rows, people, share) for share in SHARES}


def _map(
    rows: Rows, panel: Panel, target: str, last_year: dict[tuple[int, str], npt.NDArray[np.float64]]
) -> npt.NDArray[np.float64]:
    """Deaths of the year before each row's origin, as known then, in its cell."""
    cell = np.searchsorted(panel.gids, rows.gid)
    origins, at = np.unique(rows.origin, return_inverse=True)
    return np.asarray(np.stack([last_year[int(origin), target] for origin in origins])[at, cell])


def _reach(
    rows: Rows, people: npt.NDArray[np.float64], last_year: npt.NDArray[np.float64]
) -> list[dict[str, str | float | None]]:
    """Share of deaths in the riskiest cells, and where a share of people live, beside last year's map."""
    found: list[dict[str, str | float | None]] = []
    for share in SHARES:
        ours, theirs = inside_cells(rows, share), inside_cells(rows, share, last_year)
        of_people = inside_people(rows, people, share), inside_people(rows, people, share, last_year)
        for of, (mine, other) in (("cells", (ours, theirs)), ("people", of_people)):
            gain = gain_in_reach(rows, mine, other)
            told = {"ours": gain.ours, "last_year": gain.theirs, "gain": gain.gain, "low_90": gain.low,
                    "high_90": gain.high}  # fmt: skip
            found.append({"of": of, "share": share, **_plain(told)})
    return found


def _by_place(rows: Rows, gids: npt.NDArray[np.int64], names: list[str]) -> list[tuple[str, Rows]]:
    area = np.array(names, dtype=object)[np.searchsorted(gids, rows.gid)]
    return [(str(name), rows.where(area == name)) for name in sorted(set(names)) if name and (area == name).any()]


def _country_names(land: Land) -> list[str]:
    """Name of each cell's country; '' where not known."""
    named = {c.gw: c.name for c in world.countries().values() if c.gw}
    return [named.get(int(gw), "") for gw in land.ground.country_of_cell]


def _skill(rows: Rows, rival: Rows, measure: str) -> dict[str, float | None]:
    """Gain in a measure with its 90 % block-bootstrap interval and the Diebold-Mariano p; None where blocks are few."""
    test = diebold_mariano(rows, rival, measure)
    dm = _plain({"difference": test.mean, "dm_error": test.error, "dm_p": test.p})
    if not single(rival, measure).sum() > 0:
        return {"skill": None, "low_90": None, "high_90": None, **dm}
    with np.errstate(divide="ignore", invalid="ignore"):
        skill, low, high = block_bootstrap(rows, rival, measure)
    few = len(np.unique((rows.origin - rows.origin.min()) // 12)) < 2
    return {"skill": skill, "low_90": None if few else low, "high_90": None if few else high, **dm}


def _plain(values: dict[str, float]) -> dict[str, float | None]:
    return {k: None if not np.isfinite(v) else float(v) for k, v in values.items()}


def _columns(rows: dict[tuple[str, str], Rows]) -> dict[str, Any]:
    names = ("origin", "step", "gid", "observed", "mean", "p_any", "p_25", "low", "high", "crps", "ign", "mis")
    columns: dict[str, Any] = {
        "target": np.concatenate([np.full(len(r), t, dtype=object) for (t, _), r in rows.items()]),
        "model": np.concatenate([np.full(len(r), m, dtype=object) for (_, m), r in rows.items()]),
    }
    for name in names:
        columns[name] = np.concatenate([getattr(r, name) for r in rows.values()])
    return columns
