"""Drift watch: were the forecasts made before a month right about it, and has that changed.

For each month, the newest forecast made before it says how many cells should see killing, E = Σ p; C did. Cells of one
bad month are bad together, so the variance is Σ p (1 − p) + `SHARED` E² and z = (C − E) / √variance. One month beyond
`ALARM_ONE`, or three in a row that average beyond `ALARM_THREE`, say that calibration broke. That is news about the
world before it is a fault: a new war is not a data error, and neither is a lull; but no killing at all where much was
expected may be a file that is missing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast import main_model
from tocsin.assess.panel.build import read_parquet
from tocsin.assess.panel.model import Panel
from tocsin.core.mission import Mission
from tocsin.core.time import month_text

SHARED = 0.5
ALARM_ONE = 3.0
ALARM_THREE = 1.75


def made_before(mission: Mission) -> dict[int, Path]:
    """Newest forecast file of each as-of month, by the month in its name."""
    from tocsin.core.time import parse_month

    files = sorted(mission.panels.glob("forecast-*.parquet"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    return {parse_month(path.name.removeprefix("forecast-")[:7]): path for path in files}


def score_month(table: Mapping[str, npt.NDArray[Any]], panel: Panel, target: str, model: str, month: int) -> (
    dict[str, Any] | None
):  # fmt: skip
    """One month judged by one forecast table: cells and deaths expected and counted, Brier score and z.

    None where the table does not speak of the month, target or model, or nobody looked.
    """
    keep = (table["target"] == target) & (table["model"] == model) & (table["month"] == month)
    if not keep.any() or not panel.first_month <= month <= panel.as_of:
        return None
    at = np.searchsorted(panel.gids, table["priogrid_gid"][keep])
    at = np.minimum(at, len(panel.gids) - 1)
    p, mean = (table[name][keep].astype(np.float64) for name in ("p_any", "mean"))
    seen = panel.counts[target][month - panel.first_month, at].astype(np.float64)
    known = ~np.isnan(seen) & ~np.isnan(p) & (panel.gids[at] == table["priogrid_gid"][keep])
    if not known.any():
        return None
    p, mean, seen = p[known], mean[known], seen[known]
    hit = np.minimum(seen, 1)
    expected, counted = float(p.sum()), float(hit.sum())
    spread = np.sqrt((p * (1 - p)).sum() + SHARED * expected**2 + 1e-12)
    return {
        "month": month_text(month),
        "cells": int(known.sum()),
        "cells_expected": expected,
        "cells_counted": counted,
        "deaths_expected": float(mean.sum()),
        "deaths_counted": float(seen.sum()),
        "brier": float(((p - hit) ** 2).mean()),
        "z": float((counted - expected) / max(spread, 0.5)),
    }


def verdict(rows: list[dict[str, Any]]) -> str:
    """What the newest months say: ``no forecasts``, ``as expected``, ``more``, ``fewer`` or ``nothing counted``.

    Parameters
    ----------
    rows : list of dict
        As `score_month` gives them, oldest first.
    """
    if not rows:
        return "no forecasts"
    z = np.array([row["z"] for row in rows])
    last = float(z[-1])
    run = float(z[-3:].mean()) if len(z) >= 3 else 0.0
    if rows[-1]["cells_counted"] == 0 and rows[-1]["cells_expected"] >= 3:
        return "nothing counted"
    if last > ALARM_ONE or run > ALARM_THREE:
        return "more"
    # Counts cannot fall far below what is expected, so the lower alarm is a run only.
    low = len(rows) >= 3 and all(r["cells_counted"] < 0.5 * r["cells_expected"] for r in rows[-3:])
    if low and sum(r["cells_expected"] for r in rows[-3:]) >= 6:
        return "fewer"
    return "as expected"


def watch(mission: Mission, panel: Panel, target: str, model: str | None, months: int = 24) -> list[dict[str, Any]]:
    """Every one of the last months for which a forecast was made before, oldest first.

    Without a model each forecast is judged by the one that plans went by (`main_model` of those made).
    """
    files = made_before(mission)
    tables: dict[int, dict[str, npt.NDArray[Any]]] = {}
    rows = []
    for month in range(panel.as_of - months + 1, panel.as_of + 1):
        for as_of in sorted((a for a in files if a < month), reverse=True):
            if as_of not in tables:
                tables[as_of] = read_parquet(files[as_of])
            judged = main_model(np.unique(tables[as_of]["model"]).tolist()) if model is None else model
            row = score_month(tables[as_of], panel, target, judged, month)
            if row is not None:
                rows.append(row | {"as_of": month_text(as_of), "months_ahead": month - as_of, "model": judged})
                break
    return rows
