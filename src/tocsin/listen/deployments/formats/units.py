"""A mission's own units and sites: a plain CSV, documented in docs/formats.md.

Columns: ``name,kind,latitude,longitude`` and, as far as known, ``strength,from,until,contributor,mission,has``.
"""

import re
from collections.abc import Sequence

from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.time import parse_month
from tocsin.listen.deployments.formats.geopko import _needs, _point, _strength
from tocsin.listen.deployments.model import Deployment

NEEDED = ("name", "kind", "latitude", "longitude")
FURTHER = ("strength", "until", "contributor", "has", "mission")


def columns_of(first: Sequence[str]) -> dict[str, int] | None:
    """Columns if the first row is that of a unit list, else None."""
    return _needs(first, NEEDED)


def row(fields: Sequence[str], at: dict[str, int]) -> Deployment:
    """One unit.

    Raises
    ------
    BadInput
        Why the row cannot be used.
    """

    def text(name: str) -> str:
        return fields[at[name]].strip() if name in at else ""

    name = text("name")
    if not name:
        raise BadInput("name is empty")
    try:
        kind = UnitKind(text("kind").lower())
    except ValueError as problem:
        known = ", ".join(k.value for k in UnitKind)
        raise BadInput("kind '{kind}' is not one of: {known}", kind=text("kind"), known=known) from problem
    lon, lat = _point(fields, at)
    first = parse_month(text("from")) if text("from") else None
    last = parse_month(text("until")) if text("until") else None
    if first is None:
        raise BadInput("'from' is empty: since which month (YYYY-MM) is the unit there?")
    if last is not None and last < first:
        raise BadInput("'until' lies before 'from'")
    strength = _strength(text("strength"))
    contributors = tuple(part.strip() for part in re.split("[;|]", text("contributor")) if part.strip())
    has = tuple(sorted(part.strip() for part in re.split("[;|]", text("has")) if part.strip()))
    key = "|".join((text("mission"), name, str(first)))
    return Deployment(key, text("mission"), name, kind, lon, lat, first, last, strength, contributors, has)
