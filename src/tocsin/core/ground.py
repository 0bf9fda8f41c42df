"""Layers of the mission's ground as they lie in its folder: roads, rivers, rasters, with since when each is known.

They are checked and written by ``tocsin plan ground add``.
"""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import shape

from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission

TRUNK = {"motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link", "secondary", "paved", "highway"}


@dataclass(frozen=True)
class Layer:
    """One file of the ground.

    Parameters
    ----------
    kind : str
        roads, rivers, water, barriers, crossings, checkpoints, land-speed, elevation.
    known_on : date
        Since when the mission may use it.
    path : Path
    source : str
        File it came from, with licence if given.
    features : int
        Geometries, or cells of a raster.
    sha256 : str
        Of the file given.
    """

    kind: str
    known_on: dt.date
    path: Path
    source: str
    features: int
    sha256: str


def layers(mission: Mission) -> list[Layer]:
    """All layers of a mission's ground, oldest first.

    Raises
    ------
    BadFile
        If a file in ``ground/`` was not put there by `tocsin plan ground add`.
    """
    found = []
    folder = mission.folder / "ground"
    for path in sorted(folder.glob("*.geojson")) + sorted(folder.glob("*.npz")) if folder.is_dir() else []:
        try:
            about = _about(path)
            found.append(Layer(about["kind"], dt.date.fromisoformat(about["known_on"]), path, about["source"],
                               int(about["features"]), about["sha256"]))  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise BadFile("{name} in ground/ cannot be read ({why}): remove it and add the layer again with "
                          "`tocsin plan ground add`", name=path.name, why=problem) from problem  # fmt: skip
    return sorted(found, key=lambda f: (f.known_on, f.kind, f.path.name))


def _about(path: Path) -> dict[str, Any]:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as stored:
            found: dict[str, Any] = json.loads(str(stored["about"]))
    else:
        found = json.loads(path.read_text(encoding="utf-8"))["about"]
    return found


def known_ground(mission: Mission, day: dt.date) -> dict[str, Layer]:
    """The newest layer of each kind that was known on a day."""
    return {layer.kind: layer for layer in layers(mission) if layer.known_on <= day}


def is_trunk(properties: dict[str, Any]) -> bool:
    """Whether a road is a main one, by its class (ours, OpenStreetMap's or Overture's); without one it is not."""
    kind = properties.get("class") or properties.get("highway") or properties.get("fclass") or "track"
    return str(kind).lower() in TRUNK


def features_in(layer: Layer, box: Any) -> list[tuple[dict[str, Any], Any]]:
    """Properties and geometry of what a layer holds within an area."""
    document = json.loads(layer.path.read_text(encoding="utf-8"))
    found = [(f.get("properties") or {}, shape(f["geometry"])) for f in document["features"]]
    return [(p, g) for p, g in found if g.intersects(box)]
