"""How good have you been here: the record of one cell and its neighbours, out of the newest backtest."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.core import lattice
from tocsin.core.errors import NoData
from tocsin.core.mission import Mission


def newest_record(mission: Mission) -> Path:
    """File of the newest backtest of a mission.

    Raises
    ------
    NoData
        If there is none yet.
    """
    found = sorted(mission.panels.glob("record-*.parquet"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    if not found:
        raise NoData("nothing was judged yet: run `tocsin learn backtest` first")
    return found[-1]


def rows_near(file: Path, gid: int, target: str, model: str) -> dict[str, npt.NDArray[Any]]:
    """Rows of a backtest's file about a cell and the eight around it, by one model; the rest is not read."""
    import duckdb

    with duckdb.connect() as db:
        found = db.execute(
            "SELECT * FROM read_parquet($file) WHERE target = $target AND model = $model AND list_contains($gids, gid)",
            {"file": str(file), "target": target, "model": model, "gids": [gid, *_ring(gid).tolist()]},
        ).fetchnumpy()
    return {
        name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else np.asarray(column)
        for name, column in found.items()
    }


def here(table: dict[str, npt.NDArray[Any]], gid: int, target: str, model: str) -> dict[str, Any]:
    """Record of a cell and of the eight around it.

    Parameters
    ----------
    table : dict of columns
        As `tocsin learn backtest` writes them.
    gid : int
    target, model : str

    Returns
    -------
    dict
        For ``cell`` and ``around``: judged forecasts, months with killing, counted and expected deaths, mean chance
        given in months with and without killing, Brier score beside that of always zero; None where there is nothing.

    Raises
    ------
    NoData
        If the cell, target or model was not judged.
    """
    mine = (table["target"] == target) & (table["model"] == model)
    own = mine & (table["gid"] == gid)
    if not own.any():
        raise NoData(
            "the newest backtest holds no forecast of {target} by {model} for cell {gid}",
            target=target, model=model, gid=gid,
        )  # fmt: skip
    around = mine & np.isin(table["gid"], _ring(gid))
    return {
        "priogrid_gid": gid,
        "target": target,
        "model": model,
        "cell": _of(table, own),
        "around": _of(table, around),
    }


def _ring(gid: int) -> npt.NDArray[np.int64]:
    row, column = lattice.row_col(np.array([gid]))
    near = [
        (int(row[0]) + up - 1) * lattice.COLUMNS + int(column[0]) + right
        for up in (-1, 0, 1)
        for right in (-1, 0, 1)
        if up or right
    ]
    return np.array(near)


def _of(table: dict[str, npt.NDArray[Any]], keep: npt.NDArray[np.bool_]) -> dict[str, float | int | None]:
    observed, p, mean = (table[name][keep].astype(np.float64) for name in ("observed", "p_any", "mean"))
    hit = observed > 0
    month = table["origin"][keep] + table["step"][keep]
    pairs = np.unique(np.stack([table["gid"][keep][hit], month[hit]]), axis=1).shape[1]
    part = np.minimum(observed, 1)
    return {
        "forecasts": int(keep.sum()),
        "months_with_killing": int(pairs),
        "counted": float(observed.sum()),
        "expected": float(mean.sum()),
        "chance_when_killing": float(p[hit].mean()) if hit.any() else None,
        "chance_when_quiet": float(p[~hit].mean()) if (~hit).any() else None,
        "brier": float(((p - part) ** 2).mean()) if len(p) else None,
        "brier_of_zero": float((part**2).mean()) if len(p) else None,
    }
