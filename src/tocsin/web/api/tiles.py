"""Vector tiles of every collection: OGC API – Tiles (20-057), Mapbox Vector Tiles on WebMercatorQuad.

What is drawn comes through the same rights and blurring as every other read. It is kept by who may see what, layer and
state of the records, and asked anew before every tile whether the records moved on: nothing stale is ever given.
"""

import gzip
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from tocsin.assess.reads import assessed_land, grid, latest_assessed, may_see
from tocsin.brief.tables import Table
from tocsin.core import lattice, mvt
from tocsin.core.errors import BadInput, NotFound
from tocsin.core.mvt import Words
from tocsin.core.points import FINEST, Points, Weight, coded, squares_tile
from tocsin.core.time import month_text
from tocsin.listen.alerts.mapped import Mapped, read_mapped
from tocsin.store import reading
from tocsin.store.policy import Actor, demand, policy
from tocsin.web.api.feature_tables import kind_of
from tocsin.web.api.features import JSON_KINDS, Name, extent, link, router, top
from tocsin.web.api.listen import PROBLEMS, Word
from tocsin.web.who import Asker, At, House

tiles = APIRouter(prefix=router.prefix, tags=["other tools"], responses=PROBLEMS)
SET = "WebMercatorQuad"
SCHEME = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{SET}"
MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
DEEPEST = 22
KEPT_DRAWINGS, KEPT_TILES = 24, 1_000
ANEW_S = 300.0  # what was kept up with changes is read whole this often, in case somebody wrote past the program
PACKED_FROM = 600  # bytes
Draw = Callable[[int, int, int, str], bytes]


@dataclass
class _Drawing:
    """What one set of rights sees of a layer, at one state of the records, and the tiles made of it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    version: Hashable = None
    held: Any = None
    draw: Draw = lambda z, x, y, month: b""
    drawn: bool = False
    read_at: float = -ANEW_S
    made: OrderedDict[Hashable, tuple[bytes, bytes]] = field(default_factory=OrderedDict)


class Atlas:
    """Drawings of one process, the least used ones forgotten."""

    def __init__(self) -> None:
        self._drawings: OrderedDict[Hashable, _Drawing] = OrderedDict()
        self._lock = threading.Lock()

    def tile(self, at: House, actor: Actor, name: str, z: int, x: int, y: int, month: str = "") -> tuple[bytes, bytes]:
        """A tile, and the same packed with gzip (empty where that is not worth it)."""
        demand(actor, "read", kind_of(name).needs)
        drawing = self._drawing((name, *_rights(actor, kind_of(name).needs)))
        with drawing.lock:
            self._renew(drawing, at, actor, name)
            key = (z, x, y, month)
            if key not in drawing.made:
                plain = drawing.draw(z, x, y, month)
                drawing.made[key] = plain, gzip.compress(plain, 5, mtime=0) if len(plain) >= PACKED_FROM else b""
                while len(drawing.made) > KEPT_TILES:
                    drawing.made.popitem(last=False)
            drawing.made.move_to_end(key)
            return drawing.made[key]

    def _drawing(self, key: Hashable) -> _Drawing:
        with self._lock:
            found = self._drawings.pop(key, None) or _Drawing()
            self._drawings[key] = found
            while len(self._drawings) > KEPT_DRAWINGS:
                self._drawings.popitem(last=False)
            return found

    def _renew(self, drawing: _Drawing, at: House, actor: Actor, name: str) -> None:
        now = time.monotonic()
        if name in ("alerts", "reports"):
            before: Mapped | None = drawing.held if now - drawing.read_at < ANEW_S else None
            with reading(at.engine) as connection:
                found = read_mapped(connection, actor, "alerts" if name == "alerts" else "reports", before)
            if before is None:
                drawing.read_at = now
            if before is None or found.points is not before.points:
                points = found.points
                drawing.draw = lambda z, x, y, month: points.tile(name, z, x, y)
                drawing.made.clear()
            drawing.held = found
            return
        with reading(at.engine) as connection:
            version = kind_of(name).version(connection)
        if not drawing.drawn or version != drawing.version:
            drawing.draw = _cells(at, actor) if name == "risk" else _drawn(kind_of(name).read(at, actor))
            drawing.drawn = True
            drawing.version = version  # read before the rows: rows may be newer than it says, never older
            drawing.made.clear()


def _rights(actor: Actor, needs: str) -> tuple[Hashable, ...]:
    """What makes two people see the same: their roles, areas, component and scope, and themselves where that counts."""
    own = any(
        "own" in limits
        for (kind, _, role, _), limits in policy().rights.items()
        if kind in (needs, "alert", "deployment") and role in actor.roles
    )
    return actor.roles, actor.areas, actor.component, actor.scope, actor.id if own else ""


def _drawn(table: Table) -> Draw:
    """How a table of points is cut into tiles; rows without a place are left out."""
    placed = [(r, p["coordinates"]) for r, p in zip(table.rows, table.geometry, strict=True) if p is not None]
    words = {}
    for name, kind in table.columns.items():
        values = [r.get(name) for r, _ in placed]
        if name == "id" and kind is int:
            continue
        known: dict[Any, int] = {}
        codes = coded(values, known)
        words[name] = Words([kind(v) for v in known], codes)
    ids = [r["id"] if isinstance(r["id"], int) else n for n, (r, _) in enumerate(placed, 1)]
    lon, lat = (np.array([c[k] for _, c in placed], dtype=float) for k in (0, 1))
    weight = None
    if "deaths" in table.columns:
        weight = Weight("deaths", "sum", np.array([r["deaths"] for r, _ in placed], dtype=float))
    points = Points(np.array(ids, dtype=np.int64), lon, lat, np.ones(len(ids), dtype=bool), words, weight)
    return lambda z, x, y, month: points.tile(table.name, z, x, y)


def _cells(at: House, actor: Actor) -> Draw:
    """How the forecast of a month is cut into tiles; the first month ahead if none is said."""
    with reading(at.engine) as connection:
        done = latest_assessed(connection)
        found = grid(at.mission, done)
        land = assessed_land(connection, at.mission, done)
    seen = np.flatnonzero(may_see(actor, land))
    gids = found.gids[seen]
    lon, lat = (np.asarray(v, dtype=float) for v in lattice.centre(gids))
    months = [month_text(found.as_of + 1 + step) for step in range(found.ahead["mean"].shape[0])]
    names: dict[Any, int] = {}
    area = coded([land.area_names[k] or None for k in seen.tolist()], names)

    def draw(z: int, x: int, y: int, month: str) -> bytes:
        wanted = month or months[0]
        if wanted not in months:
            raise BadInput("there is no forecast of {month}: {first} to {last} are", month=wanted[:10],
                           first=months[0], last=months[-1])  # fmt: skip
        step = months.index(wanted)
        words = {"month": Words([wanted], np.zeros(len(gids), dtype=np.int64)), "area": Words(list(names), area)}
        for name, plane in (("mean", "mean"), ("p_any", "p_any"), ("low_80", "q10"), ("high_80", "q90")):
            words[name] = mvt.numbers(np.round(found.ahead[plane][step, seen], 4))
        return squares_tile("risk", z, x, y, lon, lat, 0.5, gids, words)

    return draw


@tiles.get("/collections/{name}/tiles", summary="Tile sets of a collection")
def tile_sets(request: Request, at: At, asker: Asker, name: Name) -> dict[str, Any]:
    """There is one, on WebMercatorQuad."""
    kind = kind_of(name)
    demand(asker, "read", kind.needs)
    here = f"{top(request)}/ogc/collections/{name}/tiles"
    one = {
        "title": kind.title, "dataType": "vector", "crs": MERCATOR, "tileMatrixSetURI": SCHEME,
        "links": [link(f"{here}/{SET}", "self", "application/json", f"{kind.title}, {SET}"),
                  {**link(here + f"/{SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}", "item", mvt.MEDIA, "Tiles"),
                   "templated": True}],
    }  # fmt: skip
    return {"links": [link(here, "self", "application/json", "Tile sets")], "tilesets": [one]}


@tiles.get("/collections/{name}/tiles/WebMercatorQuad", summary="A tile set, or its TileJSON")
def tile_set(
    request: Request,
    at: At,
    asker: Asker,
    name: Name,
    f: Annotated[Literal["json", "tilejson"], Query(description="Format: OGC's own, or TileJSON 3.0.")] = "json",
) -> dict[str, Any]:
    """Where tiles are, what they hold, from which zoom on points stand one by one."""
    kind = kind_of(name)
    demand(asker, "read", kind.needs)
    here = f"{top(request)}/ogc/collections/{name}/tiles/{SET}"
    box = extent(at.mission)
    properties: dict[str, str] = {k: JSON_KINDS[v] for k, v in kind.columns.items()}
    if name != "risk":
        properties |= {"n": "integer", "few": "boolean"}
    if f == "tilejson":
        fields = {k: {"integer": "Number", "number": "Number", "boolean": "Boolean"}.get(v, "String")
                  for k, v in properties.items()}  # fmt: skip
        return {
            "tilejson": "3.0.0", "name": kind.title, "description": kind.about, "scheme": "xyz",
            "tiles": [f"{here}/{{z}}/{{y}}/{{x}}"], "minzoom": 0, "maxzoom": FINEST, "bounds": box,
            "vector_layers": [{"id": name, "fields": fields}],
        }  # fmt: skip
    return {
        "title": kind.title, "description": kind.about, "dataType": "vector", "crs": MERCATOR,
        "tileMatrixSetURI": SCHEME,
        "tileMatrixSetLimits": [
            {"tileMatrix": str(z), "minTileRow": 0, "maxTileRow": 2**z - 1, "minTileCol": 0, "maxTileCol": 2**z - 1}
            for z in range(FINEST + 1)
        ],
        "boundingBox": {"lowerLeft": box[:2], "upperRight": box[2:],
                        "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
        "layers": [{"id": name, "dataType": "vector", "geometryDimension": 2 if kind.shape == "Polygon" else 0,
                    "propertiesSchema": {"type": "object", "properties": {k: {"type": v} for k, v in
                                                                          properties.items()}}}],
        "links": [link(here, "self", "application/json", kind.title),
                  {**link(here + "/{tileMatrix}/{tileRow}/{tileCol}", "item", mvt.MEDIA, "Tiles"), "templated": True},
                  link(here + "?f=tilejson", "alternate", "application/json", "TileJSON"),
                  link(SCHEME, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme", "application/json", SET)],
    }  # fmt: skip


@tiles.get("/collections/{name}/tiles/WebMercatorQuad/{z}/{row}/{col}", summary="One vector tile",
           response_class=Response,
           responses={200: {"content": {mvt.MEDIA: {}}}, 204: {"description": "Nothing there."}})  # fmt: skip
def tile(
    request: Request,
    at: At,
    asker: Asker,
    name: Name,
    z: Annotated[int, Path(ge=0, le=DEEPEST)],
    row: Annotated[int, Path(ge=0, description="From the north.")],
    col: Annotated[int, Path(ge=0, description="From the west.")],
    f: Annotated[Literal["mvt"], Query(description="Format.")] = "mvt",
    month: Annotated[Word | None, Query(description="Of the forecast (2026-04); the next one if not given.")] = None,
) -> Response:
    """Points as counts of cells below zoom 14; of blurred points, a count below 5 is not told (``few``)."""
    if max(row, col) >= 2**z:
        raise NotFound("there is no such tile: at zoom {z} rows and columns go to {last}", z=z, last=2**z - 1)
    atlas: Atlas = request.app.state.atlas
    plain, packed = atlas.tile(at, asker, name, z, col, row, month or "")
    if not plain:
        return Response(status_code=204)
    headers = {"Vary": "Accept-Encoding, Authorization, Cookie"}
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=mvt.MEDIA, headers=headers | {"Content-Encoding": "gzip"})
    return Response(plain, media_type=mvt.MEDIA, headers=headers)
