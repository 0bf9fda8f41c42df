"""From placed events to planes: run `panel.sql`, then fill in zero where a source looks and nothing happened."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tocsin.assess.panel.model import TARGETS, Panel
from tocsin.assess.panel.placement import PLACE_UNIT, SPAN_UNIT, Placed

UNIT = PLACE_UNIT * SPAN_UNIT


def panel_sql() -> str:
    """The text that makes cell-month counts; the same on every engine."""
    return files("tocsin.assess.panel").joinpath("panel.sql").read_text(encoding="utf-8")


def count(placed: Placed) -> dict[str, npt.NDArray[Any]]:
    """Cell-month counts by DuckDB: columns gid, month, sb, ns, os, civilians, shared, in units of 1e-10 deaths."""
    import duckdb

    with duckdb.connect() as db:
        db.execute("SET threads = 2")
        db.register("known_event", placed.event)
        db.register("place_share", placed.place_share)
        db.register("span_share", placed.span_share)
        found: dict[str, npt.NDArray[Any]] = db.execute(panel_sql()).fetchnumpy()
    return {name: np.asarray(column) for name, column in found.items()}


def build(
    counted: dict[str, npt.NDArray[Any]],
    gids: npt.NDArray[np.int64],
    first_month: int,
    as_of: int,
    covered: npt.NDArray[np.bool_],
    about: dict[str, Any],
) -> Panel:
    """Planes from counts.

    Parameters
    ----------
    counted : dict of columns
        As `count` gives them.
    gids : ndarray, shape (n_cells,)
        Ascending.
    first_month, as_of : int
    covered : ndarray of bool, shape (n_months,) or (n_months, n_cells)
        Where a source looks; elsewhere the panel has no data (NaN), even if an event is known.
    about : dict

    Returns
    -------
    Panel
    """
    n_months = as_of - first_month + 1
    keep = (counted["month"] >= first_month) & (counted["month"] <= as_of)
    row = counted["month"][keep] - first_month
    col = np.searchsorted(gids, counted["gid"][keep])
    known = covered if covered.ndim == 2 else covered[:, None]
    planes = {}
    for target in TARGETS:
        plane = np.zeros((n_months, len(gids)), dtype=np.float32)
        plane[row, col] = counted[target][keep] / UNIT
        if not covered.all():
            plane[np.broadcast_to(~known, plane.shape)] = np.nan
        planes[target] = plane
    total = sum(float(counted[t][keep].sum()) for t in ("sb", "ns", "os"))
    share = float(counted["shared"][keep].sum()) / total if total else 0.0
    return Panel(gids, first_month, planes, {**about, "imprecise_share": round(share, 4)})


def write_panel(panel: Panel, path: Path) -> None:
    """Write the panel as Parquet: priogrid_gid, month, then one column a target, null where there is no data.

    Rows are ordered by month and cell; provenance is in the file's metadata.
    """
    n_months, n_cells = panel.n_months, len(panel.gids)
    columns: dict[str, Any] = {
        "priogrid_gid": np.tile(panel.gids.astype(np.int32), n_months),
        "month": np.repeat(panel.months.astype(np.int16), n_cells),
        **{target: plane.ravel() for target, plane in panel.counts.items()},
    }
    select = ", ".join(
        ["priogrid_gid", "month", *(f"CASE WHEN isnan({t}) THEN NULL ELSE {t} END AS {t}" for t in panel.counts)]
    )
    write_parquet(columns, path, panel.about, select)


def write_parquet(columns: dict[str, Any], path: Path, about: dict[str, Any], select: str = "*") -> None:
    """Write columns as one Parquet file with provenance in its metadata; readers never see half a file."""
    import json

    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    # Metadata values go in as one JSON text under one key; quotes are doubled as SQL wants them.
    text = json.dumps(about, ensure_ascii=False, sort_keys=True, default=str).replace("'", "''")
    target = str(part).replace("'", "''")
    with duckdb.connect() as db:
        db.execute("SET threads = 2")
        db.execute("SET preserve_insertion_order = true")
        db.register("columns_in", columns)
        db.execute(
            f"COPY (SELECT {select} FROM columns_in) TO '{target}' "  # noqa: S608 - our own names
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{tocsin: '{text}'}})"
        )
    part.replace(path)


def read_parquet(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All columns of a Parquet file as arrays, in the file's order; null as NaN."""
    import duckdb

    with duckdb.connect() as db:
        db.execute("SET preserve_insertion_order = true")
        found = db.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchnumpy()
    return {
        name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else np.asarray(column)
        for name, column in found.items()
    }
