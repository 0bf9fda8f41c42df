"""Geo-PKO: the full table (one row per mission, map and location) and the yearly FrontMap, TTMap and TCCMap files.

Source: Cil, Fjelde, Hultman & Nilsson (2020), Mapping blue helmets, Journal of Peace Research 57(2): 360-370; column
names as in versions 2.1 and 2.3. ``no.troops`` is an estimate from unit sizes; ``unknown`` stays unknown, and 0 at a
place with only observers, police or a headquarters means that no troops were counted there.
"""

from collections.abc import Sequence
from typing import Any

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.time import month_id
from tocsin.listen.deployments.model import Deployment

FULL = ("mission", "year", "month", "location", "latitude", "longitude", "no.troops")
FRONT = ("mission", "year", "location", "latitude", "longitude", "notroops", "ave.no.troops")
TYPES = ("mission", "year", "location", "latitude", "longitude", "infantry", "eng", "med", "sig", "av")
TCC = ("mission", "year", "location", "latitude", "longitude", "no.tcc", "year.overview")
LICENCE = "published inside a GPL-2.0 repository; no separate data licence is stated"
CITATION = (
    "Cil, Fjelde, Hultman & Nilsson (2020), Mapping blue helmets: Introducing the Geocoded Peacekeeping Operations "
    "(Geo-PKO) dataset, Journal of Peace Research 57(2): 360-370"
)
# Column of the full table → what the unit has.
HAS = {
    "inf": "infantry", "fpu": "fpu", "eng": "engineers", "sig": "signals", "trans": "transport", "riv": "riverine",
    "avia": "aviation", "med": "medical", "sf": "special_forces", "recon": "reconnaissance", "uav": "uav",
    "mp": "military_police", "demining": "demining", "res": "reserve", "obs.base": "observation_base",
    "unpol.dummy": "police", "unmo.dummy": "observers",
}  # fmt: skip
YEARLY_HAS = {
    "infantry": "infantry", "eng": "engineers", "med": "medical", "sig": "signals", "av": "aviation", "riv": "riverine",
    "maint": "maintenance", "trans": "transport", "reserve": "reserve", "unpol": "police", "unmo": "observers",
}  # fmt: skip
_MISSING = {"", "NA", "na", "unknown", "Unknown"}


def _needs(first: Sequence[str], names: Sequence[str], without: Sequence[str] = ()) -> dict[str, int] | None:
    at = {name.strip().lower(): i for i, name in enumerate(first)}
    fits = all(n in at for n in names) and not any(n in at for n in without)
    return at if fits else None


def full_columns(first: Sequence[str]) -> dict[str, int] | None:
    """Columns of the full table, or None."""
    return _needs(first, FULL)


def front_columns(first: Sequence[str]) -> dict[str, int] | None:
    """Columns of FrontMap, or None."""
    return _needs(first, FRONT, without=("month",))


def types_columns(first: Sequence[str]) -> dict[str, int] | None:
    """Columns of TTMap, or None."""
    return _needs(first, TYPES, without=("notroops", "month"))


def tcc_columns(first: Sequence[str]) -> dict[str, int] | None:
    """Columns of TCCMap, or None."""
    return _needs(first, TCC, without=("month",))


def _number(text: str) -> float | None:
    text = text.strip()
    return None if text in _MISSING else float(text)


def _point(fields: Sequence[str], at: dict[str, int]) -> tuple[float, float]:
    try:
        lon, lat = _number(fields[at["longitude"]]), _number(fields[at["latitude"]])
    except ValueError:
        lon = lat = None
    if lon is None or lat is None or not (abs(lon) <= 180 and abs(lat) <= 90):
        raise BadInput("latitude or longitude is missing or outside the world")
    return lon, lat


def _when(fields: Sequence[str], at: dict[str, int]) -> tuple[int, int]:
    try:
        year = int(float(fields[at["year"]]))
        month = int(float(fields[at["month"]])) if "month" in at else 12
    except (ValueError, OverflowError) as problem:
        raise BadInput("year or month is not a number") from problem
    if not 1948 <= year <= 2100:
        raise BadInput("year {year} is not a year of peacekeeping", year=year)
    return year, month_id(year, month)


def _strength(text: str) -> int | None:
    try:
        number = _number(text)
    except ValueError as problem:
        raise BadInput("the number of troops is neither a number nor 'unknown'") from problem
    if number is not None and not 0 <= number <= 200_000:
        raise BadInput("a number of troops of {n} cannot be right", n=number)
    return None if number is None else round(number)


def _yes(fields: Sequence[str], at: dict[str, int], name: str) -> bool:
    text = fields[at[name]].strip() if name in at else ""
    try:
        return text not in _MISSING and float(text) > 0
    except ValueError:
        return True


def kind_of(strength: int | None, has: set[str]) -> UnitKind:
    """What the place mainly is, from what is there."""
    if strength is None or strength > 0:
        if has and has <= {"fpu", "police", "hq"}:
            return UnitKind.FPU if "fpu" in has else UnitKind.IPO
        return UnitKind.BASE
    for name, kind in (("fpu", UnitKind.FPU), ("observers", UnitKind.OBSERVER), ("police", UnitKind.IPO),
                       ("hq", UnitKind.HQ), ("medical", UnitKind.MEDICAL)):  # fmt: skip
        if name in has:
            return kind
    return UnitKind.OTHER


def full_row(fields: Sequence[str], at: dict[str, int]) -> Deployment:
    """One row of the full table.

    Raises
    ------
    BadInput
        Why the row cannot be used.
    """
    lon, lat = _point(fields, at)
    _, month = _when(fields, at)
    mission, place = fields[at["mission"]].strip(), fields[at["location"]].strip()
    if not mission or not place:
        raise BadInput("mission or location is empty")
    strength = _strength(fields[at["no.troops"]])
    has = {what for name, what in HAS.items() if _yes(fields, at, name)}
    if _yes(fields, at, "hq"):
        has.add("hq")
    names = (fields[at[f"nameoftcc_{i}"]].strip() for i in range(1, 18) if f"nameoftcc_{i}" in at)
    contributors = [name for name in names if name not in _MISSING]
    split = fields[at["geosplit"]].strip() if "geosplit" in at else ""
    chart = fields[at["source"]].strip() if "source" in at else ""
    key = "|".join((mission, str(month), chart, place, split if split not in _MISSING else "", f"{lon:.4f},{lat:.4f}"))
    return Deployment(key, mission, place, kind_of(strength, has), lon, lat, month, month, strength,
                      tuple(contributors), tuple(sorted(has)), chart)  # fmt: skip


def yearly_row(fields: Sequence[str], at: dict[str, int]) -> Deployment:
    """One row of FrontMap, TTMap or TCCMap: what was there in a year, known when the year is over."""
    lon, lat = _point(fields, at)
    year, month = _when(fields, at)
    mission, place = fields[at["mission"]].strip(), fields[at["location"]].strip()
    if not mission or not place:
        raise BadInput("mission or location is empty")
    strength = None
    for name in ("ave.no.troops", "notroops"):
        if name in at and strength is None:
            strength = _strength(fields[at[name]])
    has = {what for name, what in YEARLY_HAS.items() if _yes(fields, at, name)}
    if _yes(fields, at, "hq"):
        has.add("hq")
    contributors: list[str] = []
    if "year.overview" in at:
        parts = fields[at["year.overview"]].replace("\n", ",").split(",")
        contributors = [part.split("(")[0].strip() for part in parts if part.split("(")[0].strip() not in _MISSING]
    key = "|".join((mission, str(year), place, f"{lon:.4f},{lat:.4f}"))
    return Deployment(key, mission, place, kind_of(strength, has), lon, lat, month, month, strength,
                      tuple(contributors), tuple(sorted(has)))  # fmt: skip


def values_of(row: Deployment) -> tuple[Any, ...]:
    """Everything of a row that makes it another version when it differs."""
    return (row.kind.value, row.lon, row.lat, row.first_month, row.last_month, row.strength, row.contributors, row.has)
