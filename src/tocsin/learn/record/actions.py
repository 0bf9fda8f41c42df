"""`tocsin learn backtest`: the mission's own record over rolling origins, each with the data as they stood then."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa

from tocsin.assess.actions import make_panel
from tocsin.assess.forecast import BENCHMARKS, MODELS, stream
from tocsin.assess.ground import gw_of, land_of
from tocsin.assess.panel import TARGETS
from tocsin.assess.panel.build import write_parquet
from tocsin.core.errors import BadInput
from tocsin.core.mission import Mission
from tocsin.core.progress import Progress, silent
from tocsin.core.time import month_text, year_month
from tocsin.learn.record.backtest import block_bootstrap, outcomes
from tocsin.learn.record.scores import Rows, joined, score
from tocsin.learn.record.summary import summary
from tocsin.listen.events.reads import newest_month, vintage
from tocsin.store import finish_run
from tocsin.store.runs import run_id

METRICS = ("crps", "crps_events", "ign", "mis", "brier", "ap", "ap_25", "mean_ratio", "coverage_pit", "top_5", "top_10")
RIVALS = ("zero", "conflictology")  # every model is compared with these two


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
    seed : int

    Raises
    ------
    BadInput
        If a target or model does not exist, or there is not enough history.
    """
    names = models or BENCHMARKS
    for name in names:
        if name not in MODELS:
            raise BadInput("'{name}' is not a model; there are: {known}", name=name, known=", ".join(MODELS))
    for target in targets:
        if target not in TARGETS:
            raise BadInput("'{name}' is not a target; there are: {known}", name=target, known=", ".join(TARGETS))
    if origins < 1 or not 1 <= horizon <= 36:
        raise BadInput("a backtest needs at least one origin and a horizon of 1 to 36 months")
    gw = gw_of(mission)
    end = newest_month(connection, gw) if until is None else until
    land = land_of(connection, mission, end)
    truth, facts = make_panel(connection, land, vintage(connection, end, gw), end)
    months = [m for m in range(end - origins, end) if m >= truth.first_month + 12]
    if not months:
        raise BadInput("there is not a year of history before the first origin: choose fewer --origins")
    steps = np.arange(1, horizon + 1)
    parts: dict[tuple[str, str], list[Rows]] = {(t, m): [] for t in targets for m in names}
    for number, origin in enumerate(months):
        tell("Judging", number, len(months))
        then = land_of(connection, mission, origin)
        seen, _ = make_panel(connection, then, vintage(connection, origin, gw), origin)
        for target, name in parts:
            made = MODELS[name]().fit(seen, target).predict(steps, stream(seed, name, target, origin))
            parts[target, name].append(score(made, outcomes(truth, target, origin, steps)))
    tell("Judging", len(months), len(months))
    rows = {key: joined(found) for key, found in parts.items()}
    table = [
        {"target": target, "model": name, "months_ahead": label, "n": len(chosen), **_plain(summary(chosen, METRICS))}
        for (target, name), found in rows.items()
        for label, chosen in _slices(found)
    ]
    skill = [
        {"target": target, "model": name, "against": rival, **_skill(found, rows[target, rival])}
        for (target, name), found in rows.items()
        for rival in RIVALS
        if rival != name and (target, rival) in rows
    ]
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
        "file": str(path.relative_to(mission.folder)),
    }
    finish_run(connection, id, "record", inputs, result, now)
    return Recorded(id, result)


def _slices(rows: Rows) -> list[tuple[str, Rows]]:
    """All months ahead together, the first alone, and each year of origins."""
    years = np.array([year_month(int(m))[0] for m in rows.origin])
    return [
        ("all", rows),
        ("1", rows.where(rows.step == 1)),
        *((f"origins of {year}", rows.where(years == year)) for year in np.unique(years)),
    ]


def _skill(rows: Rows, rival: Rows) -> dict[str, float | None]:
    """CRPS skill with its 90 % block-bootstrap interval; None where the rival is perfect or blocks are too few."""
    if not rival.crps.sum() > 0:
        return {"crps_skill": None, "low_90": None, "high_90": None}
    with np.errstate(divide="ignore", invalid="ignore"):
        skill, low, high = block_bootstrap(rows, rival)
    few = len(np.unique((rows.origin - rows.origin.min()) // 12)) < 2
    return {"crps_skill": skill, "low_90": None if few else low, "high_90": None if few else high}


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
