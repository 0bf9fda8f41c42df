"""Which column of a file is which of ours: guessed by its name, chosen by a person, put in place before reading."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from tocsin.core.errors import BadInput
from tocsin.listen.imports.layouts import LAYOUTS, Layout

Chosen = Mapping[str, str]  # our column -> the file's

# Other names that people give to our columns, without accents, spaces and signs; English and French.
ALSO = {
    "name": (
        "unit",
        "unitname",
        "site",
        "sitename",
        "place",
        "placename",
        "location",
        "locality",
        "village",
        "town",
        "label",
        "title",
        "nom",
        "unite",
        "lieu",
        "localite",
    ),
    "kind": ("type", "unittype", "sitetype", "category", "class", "genre", "categorie"),
    "latitude": ("lat", "y", "ycoord", "gpslatitude", "gpslat", "latdd", "decimallatitude"),
    "longitude": ("lon", "long", "lng", "x", "xcoord", "gpslongitude", "gpslon", "longdd", "decimallongitude"),
    "lat": ("latitude", "y", "ycoord", "gpslatitude", "gpslat", "latdd", "decimallatitude"),
    "lon": ("longitude", "long", "lng", "x", "xcoord", "gpslongitude", "gpslon", "longdd", "decimallongitude"),
    "from": ("since", "start", "startmonth", "begin", "fromdate", "first", "firstmonth", "depuis", "debut"),
    "until": ("to", "end", "endmonth", "last", "lastmonth", "untildate", "jusque", "fin"),
    "strength": ("troops", "personnel", "size", "officers", "headcount", "effectif", "effectifs"),
    "contributor": ("contributors", "country", "tcc", "pcc", "nation", "pays", "contributeur"),
    "has": ("assets", "capabilities", "equipment", "capacites", "moyens"),
    "mission": ("operation", "operationname"),
    "priogrid_gid": ("gid", "cell", "priogrid", "pgid", "cellid", "cellule"),
    "population": ("people", "pop", "inhabitants", "persons", "habitants", "popn"),
    "alternates": ("alternatenames", "altname", "othernames", "aliases", "autresnoms"),
    "admin1": ("adm1", "adm1name", "province", "prefecture", "region", "state"),
    "pcode": ("admpcode", "adm3pcode", "adm2pcode", "placecode", "code"),
    "event_date": ("date", "day", "jour"),
    "fatalities": ("deaths", "killed", "dead", "morts", "tues"),
    "event_id_cnty": ("eventid", "id", "dataid"),
    "notes": ("note", "description", "comment"),
}


def plain(name: str) -> str:
    """A column's name without case, accents, spaces and signs.

    >>> plain(" Préfecture (ADM-1) "), plain("GPS_Latitude")
    ('prefectureadm1', 'gpslatitude')
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[^\w]|_", "", "".join(sign for sign in letters if not unicodedata.combining(sign)))


def guess(layout: Layout, first: Sequence[str]) -> dict[str, str]:
    """Which column each of a layout's fields most likely is; fields for which nothing fits are left out.

    The field's own name counts before other names for it, and no column is given twice.

    >>> guess(LAYOUTS["places"], ["Village", "Lat", "Long", "Habitants"])
    {'name': 'Village', 'lon': 'Long', 'lat': 'Lat', 'population': 'Habitants'}
    """
    named: dict[str, str] = {}
    for column in first:
        if column:
            named.setdefault(plain(column), column)
    found: dict[str, str] = {}
    fields = (*layout.needed, *layout.further)
    for exact in (True, False):
        for field in fields:
            if field in found:
                continue
            for name in (plain(field),) if exact else ALSO.get(field, ()):
                fits = named.get(name)
                if fits is not None and fits not in found.values():
                    found[field] = fits
                    break
    return {field: found[field] for field in fields if field in found}


def own(layout: Layout, first: Sequence[str]) -> dict[str, str]:
    """The columns that are called as ours are: how a file is read when nobody chooses."""
    named = {name.strip().lower(): name for name in reversed(first)}
    return {field: named[field] for field in (*layout.needed, *layout.further) if field in named}


def likeliest(first: Sequence[str]) -> str | None:
    """A layout of which every needed field could be guessed, if there is one."""
    fits = [name for name, of in LAYOUTS.items() if of.needed and set(of.needed) <= set(guess(of, first))]
    return max(fits, key=lambda name: len(guess(LAYOUTS[name], first)), default=None)


def renamed(layout: Layout, first: Sequence[str], chosen: Chosen) -> list[str]:
    """The file's first row with our names in place of the columns that were chosen for them.

    A column that has one of our names and was not chosen for it is put out of the way.

    Raises
    ------
    BadInput
        If the layout's names are fixed, or a field or column is none.
    """
    fields = (*layout.needed, *layout.further)
    if not fields:
        raise BadInput("the columns of {title} have fixed names; none can be chosen", title=layout.title)
    at: dict[int, str] = {}
    for field, column in chosen.items():
        if field not in fields:
            raise BadInput("'{field}' is no column of {title}", field=field[:40], title=layout.title)
        if column not in first:
            raise BadInput("the file has no column '{column}'", column=column[:80])
        if first.index(column) in at:
            raise BadInput("'{column}' is chosen twice; each column is one thing", column=column[:80])
        at[first.index(column)] = field
    return [at.get(i, f"({name})" if name.strip().lower() in fields else name) for i, name in enumerate(first)]


def missing(layout: Layout, first: Sequence[str]) -> list[str]:
    """Fields without which no row can be read, and that no column of the file is."""
    names = {name.strip().lower() for name in first}
    return [field for field in layout.needed if field not in names]


def changes(layout: Layout, first: Sequence[str], chosen: Chosen) -> bool:
    """Whether a choice reads the file otherwise than its own names do."""
    own = [name.strip().lower() for name in first]
    made = [name.strip().lower() for name in renamed(layout, first, chosen)]
    return own != made
