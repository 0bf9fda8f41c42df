"""The mission folder: what the mission is, where its records, panels and briefs lie.

    tocsin.toml    what the mission is
    area.geojson   its area and first-level areas
    tocsin.db      records (unless ``[store] url`` names a PostgreSQL database)
    panels/        Parquet files, named by what made them and as of when
    briefs/        what was written for people
    rejects/       rows an import could not use, with line and reason

Copy the folder and you have copied the mission.
"""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import mapping

from tocsin.core import areas, geometry, lattice
from tocsin.core.errors import BadFile, BadInput, Conflict, NotFound

SETTINGS = "tocsin.toml"
ALSO = ("season", "border", "capital", "road", "presence")
WET_MONTHS_HELP = "months (1-12) in which rains cut roads"


@dataclass(frozen=True)
class FirstLevelArea:
    """A first-level area (province, state, prefecture)."""

    code: str
    name: str
    polygon: Any


@dataclass(frozen=True)
class Mission:
    """A mission folder, opened.

    Parameters
    ----------
    folder : Path
    name : str
    iso3 : str
        ISO 3166 alpha-3 code of the country, or empty for an area of one's own.
    wet_months : tuple of int
        Calendar months in which rains cut roads.
    store_url : str
        Database of the records.
    language : str
    also : tuple of str
        What forecasts of cells look at besides events: some of `ALSO`.
    """

    folder: Path
    name: str
    iso3: str
    wet_months: tuple[int, ...]
    store_url: str
    language: str = "en"
    also: tuple[str, ...] = ()

    @property
    def panels(self) -> Path:
        """Folder of Parquet files."""
        return self.folder / "panels"

    @property
    def briefs(self) -> Path:
        """Folder of briefs."""
        return self.folder / "briefs"

    @property
    def rejects(self) -> Path:
        """Folder of rows that imports could not use."""
        return self.folder / "rejects"

    def area(self) -> Any:
        """Outline of the mission's area (shapely, WGS84); None when the area is a list of cells."""
        return self._layers()[0]

    def first_level_areas(self) -> list[FirstLevelArea]:
        """First-level areas; empty if none are known."""
        return self._layers()[1]

    def cells(self) -> lattice.Gids:
        """The mission's PRIO-GRID cells, ascending: every cell that holds part of the area."""
        return cells_of(self.folder)

    def _layers(self) -> tuple[Any, list[FirstLevelArea]]:
        path = self.folder / "area.geojson"
        if not path.exists():
            return None, []
        outline: list[Any] = []
        parts: list[FirstLevelArea] = []
        for properties, polygon in geometry.read_polygons(path):
            if properties.get("level") in (1, "1"):
                name = str(properties.get("name") or f"Area {len(parts) + 1}")
                parts.append(FirstLevelArea(str(properties.get("code") or len(parts) + 1), name, polygon))
            else:
                outline.append(polygon)
        return shapely.union_all(outline or [p.polygon for p in parts]), parts


def parse_months(text: str) -> tuple[int, ...]:
    """Calendar months from ``5-10``, ``11-3`` (over the new year) or ``5,6,9``.

    >>> parse_months("11-2"), parse_months("5,7"), parse_months("")
    ((1, 2, 11, 12), (5, 7), ())
    """
    found: set[int] = set()
    for part in filter(None, (p.strip() for p in text.split(","))):
        ends = part.split("-")
        if not all(e.strip().isdigit() and 1 <= int(e) <= 12 for e in ends) or len(ends) > 2:
            raise BadInput("'{text}' does not name calendar months; write for example 5-10 or 4,5,10", text=text)
        first, last = int(ends[0]), int(ends[-1])
        found |= {(m - 1) % 12 + 1 for m in range(first, (last if last >= first else last + 12) + 1)}
    return tuple(sorted(found))


def cells_of(folder: Path) -> lattice.Gids:
    """Cells of a mission folder, from its list or its outline."""
    listed = folder / "cells.csv"
    if listed.exists():
        return read_cells(listed)
    mission_area = Mission(folder, "", "", (), "").area()
    return lattice.cells_touching(mission_area)[0]


def read_cells(path: Path) -> lattice.Gids:
    """Cells of a CSV file with a column ``gid`` or ``priogrid_gid``."""
    import csv

    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        try:
            column = next((c for c in reader.fieldnames or [] if c in ("gid", "priogrid_gid")), None)
            found = [] if column is None else sorted({int(row[column]) for row in reader})
        except (TypeError, ValueError, csv.Error) as problem:
            raise BadFile("{name}: {why}; cell numbers are whole numbers", name=path.name, why=problem) from problem
    if column is None:
        raise BadFile("{name} has no column gid or priogrid_gid; give one PRIO-GRID cell a line", name=path.name)
    if found and not 1 <= found[0] <= found[-1] <= lattice.ROWS * lattice.COLUMNS:
        raise BadFile("{name} lists a cell outside 1 to {top}", name=path.name, top=lattice.ROWS * lattice.COLUMNS)
    if not found:
        raise BadFile("{name} lists no cell", name=path.name)
    return lattice.check_gids(found)


def find(start: Path) -> Mission:
    """The mission in a folder or in the nearest folder above it.

    Raises
    ------
    NotFound
        If there is none; says how to make one.
    """
    for folder in (start, *start.resolve().parents):
        if (folder / SETTINGS).is_file():
            return load(folder)
    raise NotFound(
        "there is no mission in {folder}: make one with `tocsin init DIR --area CAF`, or name one with --mission DIR",
        folder=start,
    )


def load(folder: Path) -> Mission:
    """Open a mission folder."""
    path = folder / SETTINGS
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        mission = settings["mission"]
        wet = tuple(int(m) for m in mission.get("wet_months", []))
        url = settings.get("store", {}).get("url") or f"sqlite:///{(folder / 'tocsin.db').resolve()}"
        if any(not 1 <= m <= 12 for m in wet):
            raise BadFile("{name}: wet_months are calendar months 1 to 12", name=path)
        also = settings.get("assess", {}).get("also", [])
        wrong = [str(word) for word in also if word not in ALSO] if isinstance(also, list) else [str(also)]
        if wrong:
            raise BadFile("{name}: assess.also is a list of words out of {known}; '{word}' is none of them", name=path,
                          known=", ".join(ALSO), word=wrong[0])  # fmt: skip
        language = mission.get("language", "en")
        return Mission(
            folder, str(mission["name"]), str(mission.get("iso3", "")), wet, url, language, tuple(dict.fromkeys(also))
        )
    except OSError as problem:
        raise NotFound("{name} cannot be read ({why})", name=path, why=problem) from problem
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as problem:
        raise BadFile(
            "{name} is not a mission's settings ({why}); compare it with docs/settings.md", name=path, why=problem
        ) from problem


def create(
    folder: Path, area: str, name: str | None = None, wet_months: tuple[int, ...] = (), store_url: str = ""
) -> Mission:
    """Make a mission folder.

    Parameters
    ----------
    folder : Path
        A new or empty folder.
    area : str
        ISO 3166 alpha-3 code, a GeoJSON file (features with ``"level": 1`` and ``name`` are first-level areas), or a
        CSV list of PRIO-GRID cells (column ``gid``).
    name : str, optional
        The folder's name if not given.
    wet_months : tuple of int
        Calendar months in which rains cut roads.
    store_url : str
        Database of the records; SQLite in the folder if empty.

    Raises
    ------
    Conflict
        If the folder already holds a mission or other files.
    BadInput
        If the area cannot be used. Nothing is left behind.
    """
    if (folder / SETTINGS).exists():
        raise Conflict("{folder} already holds a mission; choose another folder", folder=folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("{folder} is not empty; a mission needs a folder of its own", folder=folder)
    iso3, layer, cells = _read_area(area)
    title = name or folder.resolve().name
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("panels", "briefs"):
        (folder / part).mkdir(exist_ok=True)
    if layer is not None:
        (folder / "area.geojson").write_text(json.dumps(layer, ensure_ascii=False), encoding="utf-8")
    if cells is not None:
        lines = ["gid", *(str(g) for g in cells)]
        (folder / "cells.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    quoted = json.dumps(title, ensure_ascii=False)
    example = '# url = "postgresql+psycopg://user@host/database"  # default: tocsin.db in this folder'
    store = f"url = {json.dumps(store_url)}" if store_url else example
    (folder / SETTINGS).write_text(
        "# What this mission is. Every setting is explained in docs/settings.md.\n"
        f'[mission]\nname = {quoted}\niso3 = {json.dumps(iso3)}\nlanguage = "en"\n'
        f"wet_months = {list(wet_months)}  # {WET_MONTHS_HELP}\n\n"
        f"[store]\n{store}\n",
        encoding="utf-8",
    )
    return load(folder)


def _read_area(area: str) -> tuple[str, dict[str, Any] | None, lattice.Gids | None]:
    path = Path(area)
    if re.fullmatch(r"[A-Za-z]{3}", area) and not path.exists():
        iso3 = areas.country(area).iso3
        features = [_feature({"level": 0, "code": iso3, "name": areas.country(iso3).name}, areas.country_polygon(iso3))]
        features += [
            _feature({"level": 1, "code": code, "name": name}, polygon)
            for code, name, polygon in areas.first_level_areas(iso3)
        ]
        return iso3, {"type": "FeatureCollection", "features": features, "credit": areas.CREDIT}, None
    if not path.is_file():
        raise BadInput(
            "'{area}' is neither a country code (ISO 3166 alpha-3) nor a file; use for example CAF or area.geojson",
            area=area,
        )
    if path.suffix.lower() == ".csv":
        return "", None, read_cells(path)
    features, codes = [], set()
    for number, (properties, polygon) in enumerate(geometry.read_polygons(path), start=1):
        level = 1 if properties.get("level") in (1, "1") else 0
        label = str(properties.get("name") or f"Area {number}")
        codes.add(str(properties.get("iso3") or "").strip().upper())
        features.append(
            _feature({"level": level, "code": str(properties.get("code") or number), "name": label}, polygon)
        )
    # An area of several countries is of none: each cell then asks whether its own country is covered.
    return codes.pop() if len(codes) == 1 else "", {"type": "FeatureCollection", "features": features}, None


def _feature(properties: dict[str, Any], polygon: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": mapping(polygon)}
