"""What each forecast of an assessment rests on: worked out when the forecast is made, and kept beside it.

Taking a forecast apart needs the fitted model, which nobody keeps; so the parts of every cell are written down while it
is there (`table`). Those of two cells against the same typical cell differ by log factors that add up to the logarithm
of the ratio of their chances: "why here and not there" is read off without a fit (`between`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.forecast.cells import MOST_CELLS, FittedCells
from tocsin.assess.forecast.reasons import (
    FOLDS,
    GROUPS,
    LEAST_AGREEMENT,
    Reason,
    contrast,
    coverage,
    month_ago,
    novel,
    typical,
)

Columns = dict[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]

STEPS = (1, 3, 12)  # months ahead that are taken apart
MOST_REFITTED = 500  # cells up to which it is asked whether directions hold: eight fits, two seconds for 250 cells
MOST_AHEAD = 1_000  # cells up to which more than the next month is taken apart
AT_ONCE = 250  # cells taken apart at a time, so that memory stays small
LOG = "log_"


def table(
    fitted: FittedCells, known: npt.NDArray[np.bool_], horizon: int, others: Sequence[FittedCells] = ()
) -> Columns:
    """One row a cell, month ahead, comparison and fit, as named columns; no column for a world (`MOST_CELLS`).

    Parameters
    ----------
    known : ndarray of bool, shape (C,)
        Where anything is forecast; elsewhere chances and factors are NaN.
    horizon : int
        Months ahead that were forecast: those of `STEPS` up to it are taken apart (of large panels the first alone).
    others : sequence of FittedCells
        Refits (`reasons.refits`), taken apart for the first month: their factors say whether a direction holds.

    Returns
    -------
    dict
        ``priogrid_gid, month, target, model, against`` (typical, month), ``left_out`` (−1, or which eighth of the years
        a refit left out), ``chance, chance_there``, ``log_<group>`` for each group, and of the cell ``beyond`` (names
        of groups), ``data_now, data_before, reports_now, reports_before, dark, silent``.
    """
    cells = len(fitted.panel.gids)
    if cells > MOST_CELLS:
        return {}
    beyond = novel(fitted)
    seen = coverage(fitted.panel)
    of_cell = {
        "beyond": np.array([" ".join(np.array(GROUPS)[row]) for row in beyond], dtype=object),
        "data_now": seen.now.astype(np.float32),
        "data_before": seen.before.astype(np.float32),
        "reports_now": seen.reports_now.astype(np.int32),
        "reports_before": seen.reports_before.astype(np.int32),
        "dark": seen.dark,
        "silent": seen.silent,
    }
    blocks: list[Columns] = []
    models = (fitted, *others)
    for n, (one, then) in enumerate(zip(models, month_ago(models), strict=True)):
        usual = np.tile(typical(one), (cells, 1))
        for step in STEPS:
            if step > horizon or (step > 1 and (n or cells > MOST_AHEAD)):
                continue
            level = one.level(step)
            middle = np.full(cells, one.chance_of(usual[:1], step, level)[0])
            for against, there, levels, other in (
                ("typical", usual, (level, level), middle),
                ("month", then.now, (level, then.level(step)), then.chance(step)),
            ):
                parts = np.concatenate([
                    contrast(one, one.now[k : k + AT_ONCE], there[k : k + AT_ONCE], step, levels)
                    for k in range(0, cells, AT_ONCE)
                ])  # fmt: skip
                numbers = {"chance": one.chance(step), "chance_there": other}
                numbers |= {LOG + name: parts[:, g] for g, name in enumerate(GROUPS)}
                blocks.append({
                    "priogrid_gid": fitted.panel.gids.astype(np.int32),
                    "month": np.full(cells, fitted.panel.as_of + step, dtype=np.int32),
                    "target": np.full(cells, fitted.target, dtype=object),
                    "model": np.full(cells, fitted.model.name, dtype=object),
                    "against": np.full(cells, against, dtype=object),
                    "left_out": np.full(cells, n - 1, dtype=np.int32),
                    **{key: np.where(known, v, np.nan).astype(np.float32) for key, v in numbers.items()},
                    **of_cell,
                })  # fmt: skip
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


@dataclass(frozen=True)
class Compared:
    """A cell's chance beside another, and the part of each group in their difference.

    Parameters
    ----------
    against : str
        ``typical``, ``month`` (the same cell a month ago) or ``cell``.
    month : int
        Which month is forecast.
    chance, there : float
        Chance of any death, here and in the comparison.
    parts : tuple of Reason
        The largest first; their factors multiply to ``chance / there``.
    """

    against: str
    month: int
    chance: float
    there: float
    parts: tuple[Reason, ...]


@dataclass(frozen=True)
class Kept:
    """What was kept of a cell's forecast.

    Parameters
    ----------
    compared : tuple of Compared
        In the order of months; empty where nothing is forecast.
    beyond : tuple of str
        Groups that are higher here than ever before anywhere.
    """

    compared: tuple[Compared, ...]
    beyond: tuple[str, ...]


def kept(path: Path, target: str, model: str, gid: int) -> Kept | None:
    """What an assessment kept of a cell's forecast; None where it kept nothing of this target, model or cell."""
    rows = _rows(path, target, model, gid)
    if not len(rows["month"]):
        return None
    compared = [
        _compared(against, month, here)
        for month, against, here in _by_comparison(rows)
        if np.isfinite(here["chance"][0])
    ]  # fmt: skip
    return Kept(tuple(compared), tuple(str(rows["beyond"][0]).split()))


def between(path: Path, target: str, model: str, gid: int, other: int) -> tuple[Compared, ...]:
    """Why here and not there: for each month the difference of both cells' parts against the typical cell.

    Empty where nothing was kept of one of them.
    """
    sides = [
        {
            month: rows
            for month, against, rows in _by_comparison(_rows(path, target, model, one))
            if against == "typical"
        }
        for one in (gid, other)
    ]
    found = []
    for month, here in sides[0].items():
        there = sides[1].get(month)
        if there is None or not np.isfinite([here["chance"][0], there["chance"][0]]).all():
            continue
        apart = {key: here[key] - there[key] for key in here if key.startswith(LOG)}
        found.append(_compared("cell", month, here | apart | {"chance_there": there["chance"]}))
    return tuple(found)


def _rows(path: Path, target: str, model: str, gid: int) -> Columns:
    """Rows of one cell's forecast, each fit's after that of the forecast itself."""
    import duckdb

    with duckdb.connect() as db:
        found = db.execute(
            "SELECT * FROM read_parquet(?) WHERE priogrid_gid = ? AND target = ? AND model = ? "
            "ORDER BY month, against, left_out",
            [str(path), gid, target, model],
        ).fetchnumpy()
    return {
        name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else np.asarray(column)
        for name, column in found.items()
    }


def _by_comparison(rows: Columns) -> list[tuple[int, str, Columns]]:
    """Rows of each month and comparison; the first is that of the forecast itself."""
    keys = list(dict.fromkeys(zip(rows["month"].tolist(), rows["against"].tolist(), strict=True)))
    return [
        (month, against, {k: v[(rows["month"] == month) & (rows["against"] == against)] for k, v in rows.items()})
        for month, against in sorted(keys, key=lambda key: (key[0], key[1] != "typical"))
    ]


def _compared(against: str, month: int, rows: Columns) -> Compared:
    """Parts of one comparison; the first row is the forecast's own, the others are of refits."""
    parts = []
    for name in GROUPS:
        logs = rows.get(LOG + name)  # an assessment made before a group came into being
        if logs is None or logs[0] == 0:
            continue
        again = logs[1:]
        if not len(again):
            parts.append(Reason(name, float(np.exp(logs[0]))))
            continue
        agree = int((np.sign(again) == np.sign(logs[0])).sum())
        low, high = np.exp([again.min(), again.max()]).tolist()
        parts.append(Reason(name, float(np.exp(logs[0])), low, high, agree >= len(again) * LEAST_AGREEMENT / FOLDS))
    parts.sort(key=lambda part: -abs(np.log(part.factor)))
    return Compared(against, month, float(rows["chance"][0]), float(rows["chance_there"][0]), tuple(parts))
