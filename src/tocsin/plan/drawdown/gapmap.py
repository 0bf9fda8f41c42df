"""The order of leaving and what stays uncovered, as a map other programs can show."""

from typing import Any

import shapely
from shapely.geometry import mapping

from tocsin.core import lattice


def gap_map(summary: dict[str, Any]) -> dict[str, Any]:
    """GeoJSON of a drawdown: bases with the step they close in, cells that lose reach, and cells nobody reaches.

    `what` of a feature is ``base`` (with `step` and `month`, or null for those that stay), ``loses reach`` (with the
    step; the ten with most expected deaths of each) or ``out of reach at the end`` (the fifty with most).
    """
    months = {step["step"]: step["month"] for step in summary["steps"]}
    found = [
        _feature(shapely.Point(unit["lon"], unit["lat"]),
                 {"what": "base", "unit": unit["unit"], "step": unit["step"], "month": months.get(unit["step"])})
        for unit in summary["units"]
    ]  # fmt: skip
    for step in summary["steps"]:
        found += [_cell(c, {"what": "loses reach", "step": step["step"], "month": step["month"]})
                  for c in step["loses_reach"]]  # fmt: skip
    found += [_cell(c, {"what": "out of reach at the end"}) for c in summary["residual"]]
    about = {key: summary[key] for key in ("run", "as_of", "limit_hours", "over", "value", "bound")}
    return {"type": "FeatureCollection", "about": about, "features": found}


def _cell(cell: dict[str, Any], also: dict[str, Any]) -> dict[str, Any]:
    told = {key: cell[key] for key in ("gid", "area", "near", "deaths_a_month", "people", "nearest_hours")}
    return _feature(lattice.squares([cell["gid"]])[0], {**also, **told})


def _feature(shape: Any, told: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": mapping(shape), "properties": told}
