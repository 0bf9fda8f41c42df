"""Which layouts we read, and how each is recognised by its columns."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlalchemy as sa

from tocsin.core import lattice
from tocsin.core.errors import BadFile, BadInput
from tocsin.core.mission import Mission
from tocsin.core.time import last_day, month_of
from tocsin.listen.deployments.actions import DeploymentIntake
from tocsin.listen.deployments.formats import geopko, units
from tocsin.listen.deployments.model import Deployment
from tocsin.listen.events.actions import EventIntake, withdraw
from tocsin.listen.events.formats import acled, ucdp
from tocsin.listen.events.model import Batch, Rejected
from tocsin.listen.files.rows import Row
from tocsin.listen.people.tables import cell_people
from tocsin.listen.places.actions import COLUMNS as PLACE_COLUMNS
from tocsin.listen.places.tables import place
from tocsin.listen.sources.model import Counts, Coverage, month_of_release
from tocsin.store import InsertRows, insert_nothing, insert_rows

Columns = dict[str, int]


@dataclass(frozen=True)
class Setting:
    """What an intake may know beside the rows, and whether what it takes is kept or only counted."""

    connection: sa.Connection
    mission: Mission
    layout: str
    file_id: int
    file_name: str
    release: str
    public: dt.date
    today: dt.date
    keep: bool = True

    @property
    def insert(self) -> InsertRows:
        """Puts rows into a table; nowhere when a file is only looked at."""
        return insert_rows if self.keep else insert_nothing


class Events:
    """Intake of event files: UCDP and ACLED."""

    def __init__(self, setting: Setting, at: Columns) -> None:
        self.at, self.today = at, setting.today
        self.source = "acled" if setting.layout == "acled" else "ucdp"
        self.yearly = setting.layout == "ucdp-ged"
        self.month = month_of_release(setting.release)
        self.public = setting.public
        self.intake = EventIntake(setting.connection, self.source, setting.file_id, setting.insert)
        self.counts, self.notes = self.intake.counts, self.intake.notes

    def take(self, rows: list[Row]) -> list[Rejected]:
        """Take a chunk; returns the rows that cannot be used."""
        parse: Callable[[list[Row], Columns, dt.date], Batch] = acled.parse if self.source == "acled" else ucdp.parse
        return self.intake.take(parse(rows, self.at, self.today))

    def coverage(self) -> Coverage:
        """What the file speaks of."""
        covers = self.intake.coverage(self.yearly)
        # A monthly release also corrects events of earlier months, but only its own month is complete.
        if self.month and covers.first:
            return Coverage(self.month, self.month, covers.countries)
        # A month that was not over when the file came out is not covered: half of it would look like a quiet one.
        over = month_of(self.public) if self.public == last_day(month_of(self.public)) else month_of(self.public) - 1
        if covers.first is None or covers.last is None or covers.first > over:
            return Coverage()
        return Coverage(covers.first, min(covers.last, over), covers.countries)


class Deleted:
    """Intake of ACLED's list of deleted events."""

    def __init__(self, setting: Setting, at: Columns) -> None:
        self.setting, self.at = setting, at
        self.counts, self.notes = Counts(), dict[str, int]()
        self._named: set[str] = set()

    def take(self, rows: list[Row]) -> list[Rejected]:
        """Take a chunk: known events become withdrawn (updated); unknown ones need nothing (unchanged)."""
        keys = [fields[self.at["event_id_cnty"]].strip().upper() for _, fields in rows]
        empty: list[Rejected] = [
            (line, "event_id_cnty is empty", fields) for (line, fields), k in zip(rows, keys, strict=True) if not k
        ]
        wanted = [k for k in keys if k]
        fresh = [k for k in dict.fromkeys(wanted) if k not in self._named]
        self._named.update(fresh)
        known, unknown = withdraw(self.setting.connection, "acled", self.setting.file_id, fresh, self.setting.keep)
        self.counts.updated += known
        self.counts.unchanged += unknown + len(wanted) - len(fresh)
        self.counts.rejected += len(empty)
        return empty

    def coverage(self) -> Coverage:
        """A list of deletions speaks of no month."""
        return Coverage()


class Deployments:
    """Intake of deployment files: Geo-PKO and own units."""

    ROW: ClassVar[dict[str, Callable[[Sequence[str], Columns], Deployment]]] = {
        "geo-pko": geopko.full_row,
        "geo-pko-front": geopko.yearly_row,
        "geo-pko-types": geopko.yearly_row,
        "geo-pko-tcc": geopko.yearly_row,
        "units": units.row,
    }

    def __init__(self, setting: Setting, at: Columns) -> None:
        self.at, self.row = at, self.ROW[setting.layout]
        self.intake = DeploymentIntake(setting.connection, setting.layout, setting.file_id, setting.insert)
        self.counts, self.notes = self.intake.counts, dict[str, int]()
        self._months: list[int] = []

    def take(self, rows: list[Row]) -> list[Rejected]:
        """Take a chunk."""
        rejected: list[Rejected] = []
        good = []
        for line, fields in rows:
            try:
                good.append((line, self.row(fields, self.at)))
            except BadInput as problem:
                rejected.append((line, str(problem), fields))
        self.counts.rejected += len(rejected)
        self._months += [d.first_month for _, d in good]
        return rejected + self.intake.take(good)

    def coverage(self) -> Coverage:
        """First and last month named in the file."""
        return Coverage(min(self._months), max(self._months)) if self._months else Coverage()


def people_row(fields: Sequence[str], at: Columns) -> tuple[int, float]:
    """Cell and people of a row.

    Raises
    ------
    BadInput
        Why the row cannot be used.
    """
    try:
        gid, people = int(fields[at["priogrid_gid"]]), float(fields[at["population"]])
        if not 1 <= gid <= lattice.ROWS * lattice.COLUMNS or not 0 <= people < 1e9:
            raise ValueError
    except ValueError as problem:
        raise BadInput("priogrid_gid or population is not a usable number") from problem
    return gid, people


def place_row(fields: Sequence[str], at: Columns) -> tuple[str, str, str, float, float, int | None, str]:
    """Key, name, other names, lon, lat, people and first-level area of a row.

    Raises
    ------
    BadInput
        Why the row cannot be used.
    """
    told = {name: fields[i].strip() for name, i in at.items()}
    try:
        lon, lat = float(told["lon"]), float(told["lat"])
        people = int(float(told["population"])) if told.get("population") else None
        if not told["name"] or not (abs(lon) <= 180 and abs(lat) <= 90) or (people or 0) < 0:
            raise ValueError
    except (ValueError, OverflowError) as problem:
        raise BadInput("name, lon, lat or population is not usable") from problem
    key = told.get("pcode") or f"{told['name']}|{lon:.4f}|{lat:.4f}"
    return key, told["name"], told.get("alternates", ""), lon, lat, people, told.get("admin1", "")


class People:
    """Intake of people per cell: ``priogrid_gid,population``."""

    def __init__(self, setting: Setting, at: Columns) -> None:
        self.setting, self.at = setting, at
        self.counts, self.notes = Counts(), dict[str, int]()
        self._seen: set[int] = set()

    def take(self, rows: list[Row]) -> list[Rejected]:
        """Take a chunk."""
        rejected: list[Rejected] = []
        new = []
        for line, fields in rows:
            try:
                gid, people = people_row(fields, self.at)
            except BadInput as problem:
                rejected.append((line, str(problem), fields))
                continue
            if gid in self._seen:
                rejected.append((line, f"cell {gid} stands earlier in this file", fields))
                continue
            self._seen.add(gid)
            new.append((gid, self.setting.file_id, people))
        self.setting.insert(self.setting.connection, cell_people, ("gid", "file_id", "people"), new)
        self.counts.added += len(new)
        self.counts.rejected += len(rejected)
        return rejected

    def coverage(self) -> Coverage:
        """People are not bound to a month."""
        return Coverage()


class Places:
    """Intake of named places: ``name,lon,lat`` and, as far as known, ``alternates,population,admin1,pcode``."""

    def __init__(self, setting: Setting, at: Columns) -> None:
        self.setting, self.at = setting, at
        self.counts, self.notes = Counts(), dict[str, int]()
        self._outline = setting.mission.area()
        columns = [place.c[name] for name in PLACE_COLUMNS[1:]]
        query = sa.select(*columns).where(place.c.source == setting.file_name)
        self._known = {row[0]: tuple(row[1:]) for row in setting.connection.execute(query)}

    def take(self, rows: list[Row]) -> list[Rejected]:
        """Take a chunk."""
        import shapely

        rejected: list[Rejected] = []
        new = []
        corrected: list[dict[str, Any]] = []
        for line, fields in rows:
            try:
                key, name, alternates, lon, lat, people, admin1 = place_row(fields, self.at)
            except BadInput as problem:
                rejected.append((line, str(problem), fields))
                continue
            inside = self._outline is None or bool(shapely.contains_xy(self._outline, lon, lat))
            values = (name, alternates, lon, lat, people, admin1, inside)
            if self._known.get(key) == values:
                self.counts.unchanged += 1
            elif key in self._known:
                corrected.append({"known": key, **dict(zip(PLACE_COLUMNS[2:], values, strict=True))})
            else:
                new.append((self.setting.file_name, key, *values))
            self._known[key] = values
        self.setting.insert(self.setting.connection, place, PLACE_COLUMNS, new)
        if (
            corrected and self.setting.keep
        ):  # names and points for people to read; no calculation of a past month rests on them
            mine = sa.and_(place.c.source == self.setting.file_name, place.c.key == sa.bindparam("known"))
            change = sa.update(place).where(mine)
            self.setting.connection.execute(change, corrected)
        self.counts.added += len(new)
        self.counts.updated += len(corrected)
        self.counts.rejected += len(rejected)
        return rejected

    def coverage(self) -> Coverage:
        """Places are not bound to a month."""
        return Coverage()


@dataclass(frozen=True)
class Layout:
    """A layout of files that `tocsin import` reads."""

    name: str
    title: str
    columns_of: Callable[[Sequence[str]], Columns | None]
    intake: Callable[[Setting, Columns], Any]
    licence: str
    citation: str
    object: str  # what `store/policy.toml` calls it: who imports it needs the right to create it
    headerless: tuple[str, ...] = ()  # column names of releases that come without a header row
    needed: tuple[str, ...] = ()  # columns that a person may name in their own file; without any, names are fixed
    further: tuple[str, ...] = ()  # the same for those that need not be there


def _named(*needed: str) -> Callable[[Sequence[str]], Columns | None]:
    def columns_of(first: Sequence[str]) -> Columns | None:
        at = {name.strip().lower(): i for i, name in enumerate(first)}
        return at if all(name in at for name in needed) else None

    return columns_of


OWN = "the mission's own"
FITS_NONE = "{name} fits no layout we read"
LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("ucdp-ged", "UCDP GED, yearly release", ucdp.columns_of, Events, ucdp.LICENCE, ucdp.CITATION, "event",
               ucdp.HEADER),
        Layout("ucdp-candidate", "UCDP Candidate Events, monthly release", ucdp.columns_of, Events, ucdp.LICENCE,
               ucdp.CANDIDATE_CITATION, "event", ucdp.HEADER),
        Layout("acled", "ACLED events", acled.columns_of, Events, acled.LICENCE, acled.CITATION, "event",
               needed=acled.NEEDED, further=acled.FURTHER),
        Layout("acled-deleted", "ACLED deleted events", acled.deleted_columns_of, Deleted, acled.LICENCE,
               acled.CITATION, "event"),
        Layout("geo-pko", "Geo-PKO, full table", geopko.full_columns, Deployments, geopko.LICENCE, geopko.CITATION,
               "deployment"),
        Layout("geo-pko-front", "Geo-PKO FrontMap", geopko.front_columns, Deployments, geopko.LICENCE, geopko.CITATION,
               "deployment"),
        Layout("geo-pko-types", "Geo-PKO TTMap", geopko.types_columns, Deployments, geopko.LICENCE, geopko.CITATION,
               "deployment"),
        Layout("geo-pko-tcc", "Geo-PKO TCCMap", geopko.tcc_columns, Deployments, geopko.LICENCE, geopko.CITATION,
               "deployment"),
        Layout("units", "own units and sites", units.columns_of, Deployments, OWN, "", "deployment",
               needed=(*units.NEEDED, "from"), further=units.FURTHER),
        Layout("population", "people per cell", _named("priogrid_gid", "population"), People, OWN, "", "people",
               needed=("priogrid_gid", "population")),
        Layout("places", "named places", _named("name", "lon", "lat"), Places, OWN, "", "place",
               needed=("name", "lon", "lat"), further=("alternates", "population", "admin1", "pcode")),
    )
}  # fmt: skip


def recognise(name: str, first: list[str], wanted: str | None, release: str) -> tuple[Layout, Columns, bool]:
    """The layout of a file by its first row.

    Returns
    -------
    layout : Layout
    at : dict of column name → position
    has_header : bool
        False when the first row is data.

    Raises
    ------
    BadInput
        If `wanted` is not a layout.
    BadFile
        If the columns fit none, or not the one wanted.
    """
    if wanted is not None and wanted not in LAYOUTS:
        raise BadInput("'{name}' is not a layout; there are: {known}", name=wanted, known=", ".join(LAYOUTS))
    if len(first) == 1 and first[0].count(";") >= 3:
        raise BadFile("{name} has semicolons between its columns; save it with commas", name=name)
    named = [column.lower() for column in first if column]
    twice = sorted({column for column in named if named.count(column) > 1})
    if twice and not ucdp.is_headerless(first):
        raise BadFile("{name} has two columns named {twice}; leave one", name=name, twice=", ".join(twice)[:80])
    for layout in [LAYOUTS[wanted]] if wanted else list(LAYOUTS.values()):
        monthly = layout.name == "ucdp-ged" and wanted is None and release.count(".") == 2
        chosen = LAYOUTS["ucdp-candidate"] if monthly else layout
        at = layout.columns_of(first)
        if at is not None:
            return chosen, at, True
        if layout.headerless and ucdp.is_headerless(first):
            return chosen, {column: i for i, column in enumerate(layout.headerless)}, False
    shown = ", ".join(first[:6]) + (" …" if len(first) > 6 else "")
    if wanted:
        raise BadFile("{name} does not have the columns of {layout}; its first row is: {shown}",
                      name=name, layout=wanted, shown=shown[:200])  # fmt: skip
    raise BadFile(
        FITS_NONE + " (its first row is: {shown}); docs/formats.md lists the columns of each",
        name=name,
        shown=shown[:200],
    )
