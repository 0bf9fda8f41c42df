"""The ground of a mission: files of roads, rivers, lakes, crossings, checkpoints, land speed and elevation.

They lie in the folder ``ground/`` of the mission, one file a layer and day since which it is known; a plan as of a
month sees the newest of each that was known by its end. What a file says is checked whole when it is added.
"""

import datetime as dt
import gzip
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import mapping, shape

from tocsin.core import lattice
from tocsin.core.errors import BadFile, BadInput, SetupProblem
from tocsin.core.ground import Layer, features_in, is_trunk, known_ground
from tocsin.core.mission import Mission
from tocsin.plan.mobility.fields import Floats, Grid
from tocsin.plan.mobility.surface import Danger, Road, Terrain

LINES, AREAS, POINTS = ("LineString", "MultiLineString"), ("Polygon", "MultiPolygon"), ("Point", "MultiPoint")
VECTORS = {"roads": LINES, "rivers": LINES + AREAS, "water": AREAS, "barriers": LINES, "crossings": POINTS,
           "checkpoints": POINTS}  # fmt: skip
RASTERS = ("land-speed", "elevation")
LAYERS = (*VECTORS, *RASTERS)
MOST_FEATURES, MOST_BYTES = 500_000, 400_000_000
MOST_CELLS = 250_000
STEPS = (0.01, 0.02, 0.025, 0.05, 0.1, 0.25, 0.5)


def add_layer(mission: Mission, kind: str, path: Path, known_on: dt.date, licence: str = "") -> Layer:
    """Take a file of the ground into the mission folder, whole or not at all.

    Parameters
    ----------
    kind : str
        `roads` (class, wet_season, closed, bridge), `rivers` and `barriers` (crossed only by a road's bridge or at a
        crossing), `water` (lakes), `crossings`, `checkpoints` (hours), `land-speed` (km/h), `elevation` (m).
    path : Path
        GeoJSON (also .gz); GeoPackage, FlatGeobuf or shapefile with the extra ``geofiles``; rasters as GeoTIFF with it.
    known_on : date
        Since when: plans as of an earlier month do not see it.

    Raises
    ------
    BadInput, BadFile
        Says what is wrong and where. Nothing is kept then.
    """
    if kind not in LAYERS:
        raise BadInput("'{kind}' is no layer of the ground; there are: {known}", kind=kind, known=", ".join(LAYERS))
    if not path.is_file():
        raise BadInput("{name} is not a file", name=path)
    if path.stat().st_size > MOST_BYTES:
        raise BadFile("{name} is larger than 400 MB: cut it to the mission's area first", name=path.name)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    about = {"kind": kind, "known_on": known_on.isoformat(), "source": path.name + (f", {licence}" if licence else ""),
             "sha256": digest}  # fmt: skip
    folder = mission.folder / "ground"
    folder.mkdir(exist_ok=True)
    stem = f"{kind}-{known_on.isoformat()}-{digest[:8]}"
    if kind in RASTERS:
        values, grid = _read_raster(path, kind)
        made, count = folder / f"{stem}.npz", int(np.isfinite(values).sum())
        scratch = made.with_suffix(".part")
        with scratch.open("wb") as out:
            np.savez_compressed(out, values=values, place=np.array([grid.west, grid.north, grid.step]),
                                about=np.array(json.dumps({**about, "features": count})))  # fmt: skip
    else:
        features = _read_features(path, kind)
        made, count = folder / f"{stem}.geojson", len(features)
        scratch = made.with_suffix(".part")
        document = {"type": "FeatureCollection", "about": {**about, "features": count}, "features": features}
        scratch.write_text(json.dumps(document), encoding="utf-8")
    with scratch.open("rb") as written:
        os.fsync(written.fileno())
    scratch.replace(made)
    return Layer(kind, known_on, made, str(about["source"]), count, digest)


def terrain_of(
    mission: Mission, gids: npt.NDArray[np.int64], day: dt.date, grid: Grid | None = None
) -> tuple[Terrain, list[Layer]] | None:
    """The terrain as known on a day, and the layers it was made of; None when nothing says how one moves.

    Roads or land speeds are needed; rivers alone would only forbid. On `grid_of` unless another raster is given.
    """
    known = known_ground(mission, day)
    if not {"roads", "land-speed"} & set(known):
        return None
    grid = grid or grid_of(gids)
    box = shapely.box(grid.west, grid.north - grid.rows * grid.step, grid.west + grid.cols * grid.step, grid.north)
    parts = {kind: features_in(layer, box) for kind, layer in known.items() if kind in VECTORS}
    rivers = parts.get("rivers", [])
    terrain = Terrain(
        grid,
        roads=[_road(properties, line) for properties, line in parts.get("roads", [])],
        water=[g for _, g in parts.get("water", [])] + [g for _, g in rivers if g.geom_type in AREAS],
        barriers=[g for _, g in parts.get("barriers", [])] + [g for _, g in rivers if g.geom_type in LINES],
        crossings=[(p.x, p.y) for _, g in parts.get("crossings", []) for p in shapely.get_parts(g)],
        land_kmh=_raster_on(known["land-speed"], grid) if "land-speed" in known else None,
        climb_m=_raster_on(known["elevation"], grid) if "elevation" in known else None,
    )
    return terrain, sorted(known.values(), key=lambda f: f.kind)


def checkpoints_of(
    mission: Mission, gids: npt.NDArray[np.int64], day: dt.date
) -> tuple[tuple[float, float, float], ...]:
    """Checkpoints known on a day: longitude, latitude and the hours that passing costs."""
    layer = known_ground(mission, day).get("checkpoints")
    if layer is None:
        return ()
    grid = grid_of(gids)
    box = shapely.box(grid.west, grid.north - grid.rows * grid.step, grid.west + grid.cols * grid.step, grid.north)
    found = features_in(layer, box)
    return tuple((p.x, p.y, float(q.get("hours") or 0.5)) for q, g in found for p in shapely.get_parts(g))


def danger_of(
    gids: npt.NDArray[np.int64], level: Floats, points: tuple[tuple[float, float, float], ...], slowing: float = 0.5
) -> Danger:
    """Danger on the mission's raster from one number a cell (0 to 1; unknown slows nobody) and checkpoints."""
    grid = grid_of(gids)
    lon, lat = np.meshgrid(grid.lons, grid.lats)
    cell = lattice.gid_at(lon.ravel(), lat.ravel())
    at = np.minimum(np.searchsorted(gids, cell), len(gids) - 1)
    spread = np.where(gids[at] == cell, np.nan_to_num(level)[at], 0.0).clip(0, 1)
    return Danger(spread.reshape(grid.rows, grid.cols), slowing, checkpoints=points)


def grid_of(gids: npt.NDArray[np.int64]) -> Grid:
    """Raster over a mission's cells: the finest of the steps at which it has no more than 250,000 cells."""
    lon, lat = lattice.centre(gids)
    west, north = float(np.min(lon)) - 0.25, float(np.max(lat)) + 0.25
    width, height = float(np.max(lon)) + 0.25 - west, north - (float(np.min(lat)) - 0.25)
    step = next((s for s in STEPS if width * height / s**2 <= MOST_CELLS), STEPS[-1])
    return Grid(west, north, step, round(height / step), round(width / step))


def _road(properties: dict[str, Any], line: Any) -> Road:
    closed = []
    for part in str(properties.get("closed") or "").split(","):
        ends = [e.strip() for e in part.strip().split("/")]
        if len(ends) == 2:
            closed.append((dt.date.fromisoformat(ends[0]), dt.date.fromisoformat(ends[1])))
    seasons = ("dry",) if str(properties.get("wet_season") or "").lower() == "closed" else ("dry", "wet")
    return Road(
        line,
        "trunk" if is_trunk(properties) else "track",
        tuple(closed),
        seasons,
        properties.get("bridge") is not False,
    )


def _read_features(path: Path, kind: str) -> list[dict[str, Any]]:
    """Features of a file, checked: right geometry, on the earth, dates that are dates."""
    if path.name.lower().endswith((".geojson", ".json", ".geojson.gz", ".json.gz")):
        raw = _read_geojson(path)
    else:
        raw = _read_with_pyogrio(path)
    wanted, kept = VECTORS[kind], []
    if len(raw) > MOST_FEATURES:
        raise BadFile("{name} has more than 500,000 features: cut it to the mission's area first", name=path.name)
    for number, (properties, geometry) in enumerate(raw, start=1):
        try:
            place = shape(geometry) if isinstance(geometry, dict) else geometry
            west, south, east, north = place.bounds
            if place.geom_type not in wanted:
                raise ValueError(f"it is a {place.geom_type}, {kind} are {' or '.join(wanted)}")
            if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
                raise ValueError("it lies outside the world; coordinates must be longitude, latitude in WGS84")
            plain = {str(k): v for k, v in properties.items() if isinstance(v, (str, int, float, bool)) or v is None}
            if kind == "roads":
                _road(plain, place)
            if kind == "checkpoints" and not 0 <= float(plain.get("hours") or 0.5) <= 240:
                raise ValueError("hours must lie between 0 and 240")
        except Exception as problem:
            raise BadFile("{name}, feature {number}: {why}; nothing of the file was taken",
                          name=path.name, number=number, why=problem) from problem  # fmt: skip
        kept.append({"type": "Feature", "properties": plain, "geometry": mapping(place)})
    if not kept:
        raise BadFile("{name} holds no {kind}", name=path.name, kind=kind)
    return kept


def _read_geojson(path: Path) -> list[tuple[dict[str, Any], Any]]:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                content = packed.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise BadFile("{name} unpacks to more than 400 MB: cut it to the mission's area", name=path.name)
        else:
            content = path.read_bytes()
        document = json.loads(content)
        features = document["features"]
        return [(dict(f.get("properties") or {}), f["geometry"]) for f in features]
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise BadFile(
            "{name} is not a GeoJSON collection of features ({why}); export it again as GeoJSON in WGS84",
            name=path.name, why=problem,
        ) from problem  # fmt: skip


def _read_with_pyogrio(path: Path) -> list[tuple[dict[str, Any], Any]]:
    try:
        import pyogrio.raw
    except ImportError:
        raise SetupProblem("{name} needs the extra `geofiles` (pip install 'tocsin[geofiles]'); GeoJSON works without",
                           name=path.name) from None  # fmt: skip
    try:
        meta, _, wkb, fields = pyogrio.raw.read(path)
        if meta["crs"] and "4326" not in str(meta["crs"]):
            from pyproj import Transformer

            move = Transformer.from_crs(meta["crs"], "EPSG:4326", always_xy=True).transform
            shapes = [shapely.transform(g, move, interleaved=False) for g in shapely.from_wkb(wkb)]
        else:
            shapes = list(shapely.from_wkb(wkb))
        columns = [[_plain(v) for v in column] for column in fields]
        rows = zip(*columns, strict=True) if columns else ((),) * len(shapes)
        return [(dict(zip(meta["fields"], row, strict=True)), g) for row, g in zip(rows, shapes, strict=True)]
    except Exception as problem:
        raise BadFile(
            "{name} cannot be read ({why}): give GeoJSON, GeoPackage or FlatGeobuf", name=path.name, why=problem
        ) from problem


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _read_raster(path: Path, kind: str) -> tuple[npt.NDArray[np.float32], Grid]:
    """A north-up raster in WGS84 with square cells, as float32; NaN where it says nothing."""
    try:
        import rasterio
    except ImportError:
        raise SetupProblem(
            "{name} needs the extra `geofiles` (pip install 'tocsin[geofiles]')", name=path.name
        ) from None
    try:
        with rasterio.open(path) as opened:
            if opened.crs is None or opened.crs.to_epsg() != 4326:
                raise ValueError(f"its coordinates are {opened.crs}; reproject it to EPSG:4326")
            if opened.width * opened.height > 50_000_000:
                raise ValueError("it has more than 50 million cells; cut it to the mission's area")
            place = opened.transform
            if place.b or place.d or not np.isclose(place.a, -place.e, rtol=1e-3):
                raise ValueError("it must be north-up with square cells")
            values = opened.read(1, masked=True).astype(np.float32).filled(np.nan)
            grid = Grid(float(place.c), float(place.f), float(place.a), opened.height, opened.width)
    except Exception as problem:
        raise BadFile("{name} cannot be used as a raster: {why}", name=path.name, why=problem) from problem
    if kind == "land-speed" and bool((values < 0).any()):
        raise BadFile("{name} holds a speed below zero", name=path.name)
    if not np.isfinite(values).any():
        raise BadFile("{name} holds no value", name=path.name)
    return values, grid


def _raster_on(layer: Layer, grid: Grid) -> Floats:
    """A stored raster's values at the centres of a grid's cells (nearest); where it says nothing 0."""
    with np.load(layer.path, allow_pickle=False) as stored:
        values, (west, north, step) = stored["values"], stored["place"].tolist()
    col = np.floor((grid.lons - west) / step).astype(np.int64)
    row = np.floor((north - grid.lats) / step).astype(np.int64)
    inside = np.ix_((row >= 0) & (row < values.shape[0]), (col >= 0) & (col < values.shape[1]))
    found = np.zeros((grid.rows, grid.cols))
    at = np.ix_(row.clip(0, values.shape[0] - 1), col.clip(0, values.shape[1] - 1))
    found[inside] = np.nan_to_num(values[at])[inside]
    return found
