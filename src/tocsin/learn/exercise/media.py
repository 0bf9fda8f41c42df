"""What the press and the coders make of a happening: rows in the 49 columns of UCDP GED.

Column names, order and meaning: UCDP GED codebook (Sundberg and Melander 2013; Högbladh 2023). Every name, number and
source in a row is invented; actor and conflict numbers start at 990,000, event numbers at 9,000,000, beyond any that
UCDP has given.
"""

import datetime as dt

from tocsin.core.lattice import gid_at
from tocsin.core.time import first_day, last_day, month_of
from tocsin.learn.exercise.country import Country, distance
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.scenario import Scenario
from tocsin.learn.exercise.terrain import DEGREE, Point, inside
from tocsin.learn.exercise.violence import LETHAL, Happening, date_of

# fmt: off
GED_COLUMNS = (
    "id", "relid", "year", "active_year", "code_status", "type_of_violence", "conflict_dset_id",
    "conflict_new_id", "conflict_name", "dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id",
    "side_a_new_id", "side_a", "side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources",
    "source_article", "source_office", "source_date", "source_headline", "source_original", "where_prec",
    "where_coordinates", "where_description", "adm_1", "adm_2", "latitude", "longitude", "geom_wkt",
    "priogrid_gid", "country", "country_id", "region", "event_clarity", "date_prec", "date_start", "date_end",
    "deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low", "gwnoa", "gwnob",
)
# fmt: on

_OFFICES = ("Radio Rivages", "The Salt Coast Gazette", "Agence Tancora", "Highland Wire", "Voice of the Rivers")
_ORIGINALS = ("local official", "witnesses", "hospital source", "army spokesman", "village chief", "human rights group")
_PRECISION = ((62, 1), (20, 2), (5, 3), (8, 4), (2, 5), (3, 6))  # weights and where_prec
_TIMING = ((78, 1), (9, 2), (4, 3), (7, 4), (2, 5))  # weights and date_prec


def degrees(units: int) -> str:
    """Whole units as degrees with four decimals, without passing through floats.

    >>> degrees(-51234), degrees(20000), degrees(-7)
    ('-5.1234', '2.0000', '-0.0007')
    """
    whole, rest = divmod(abs(units), DEGREE)
    return f"{'-' if units < 0 else ''}{whole}.{rest:04d}"


def cell_of(at: Point) -> int:
    """PRIO-GRID cell of a point."""
    return int(gid_at(at[0] / DEGREE, at[1] / DEGREE))


def middle_of(country: Country, area: int) -> Point:
    """A point that stands for a whole first-level area: its middle, or its chief town if that lies outside."""
    ring = country.areas[area].ring
    mean = (sum(x for x, _ in ring) // len(ring), sum(y for _, y in ring) // len(ring))
    return mean if inside(ring, [mean])[0] else country.settlements[country.areas[area].chief].at


def _placed(country: Country, one: Happening, dice: Dice) -> tuple[int, Point, str, str, str, str]:
    """(where_prec, point, where_coordinates, where_description, adm_1, adm_2) as a coder would give them."""
    prec = _PRECISION[dice.weighted([w for w, _ in _PRECISION])][1]
    town = country.settlements[one.place]
    area = country.areas[town.area]
    district = country.settlements[town.district]
    first, second = f"{area.name} province", f"{district.name} district"
    if prec == 1:
        kind = "town" if town.rank != "village" else "village"
        return 1, town.at, f"{town.name} {kind}", f"{town.name} {kind}", first, second
    if prec == 2:
        away = max(1, distance(one.at, town.at))
        return 2, town.at, f"{town.name} area", f"some {away} km from {town.name}", first, second
    if prec == 3:
        return 3, district.at, second, f"a village in {second}", first, second
    if prec == 4:
        return 4, middle_of(country, town.area), first, f"{first} (place not given)", first, ""
    if prec == 5:
        chief = country.settlements[area.chief if one.place != area.chief else country.capital]
        half = ((town.at[0] + chief.at[0]) // 2, (town.at[1] + chief.at[1]) // 2)
        if chief is not town and inside(country.terrain.outline, [half])[0]:
            return 5, half, f"road {chief.name} - {town.name}", f"between {chief.name} and {town.name}", first, ""
        return 4, middle_of(country, town.area), first, f"{first} (place not given)", first, ""
    centre = country.terrain.outline
    mean = (sum(x for x, _ in centre) // len(centre), sum(y for _, y in centre) // len(centre))
    if not inside(centre, [mean])[0]:
        mean = country.settlements[country.capital].at
    return 6, mean, "the country", "place not given", "", ""


def _dated(scenario: Scenario, one: Happening, dice: Dice) -> tuple[int, dt.date, dt.date]:
    """(date_prec, first, last day) as a coder would give them; the true day lies between."""
    day = date_of(scenario, one.day)
    prec = _TIMING[dice.weighted([w for w, _ in _TIMING])][1]
    if prec == 1:
        return 1, day, day
    if prec in (2, 3):
        before = dice.between(1, 2) if prec == 2 else dice.between(3, 6)
        after = dice.between(0, 3) if prec == 2 else dice.between(3, 6)
        start, end = day - dt.timedelta(days=before), day + dt.timedelta(days=after)
    elif prec == 4:
        start, end = first_day(month_of(day)), last_day(month_of(day))
    else:
        start, end = dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)
    start, end = max(start, first_day(scenario.first)), min(end, last_day(scenario.last))
    if start.year != end.year:  # an event belongs to one year
        start, end = max(start, dt.date(day.year, 1, 1)), min(end, dt.date(day.year, 12, 31))
    return prec, start, end


def _sides(scenario: Scenario, one: Happening) -> tuple[int, int, int]:
    """(type_of_violence, side a, side b) with the order UCDP uses; side b is -1 for civilians."""
    if one.victim < 0:
        return 3, one.actor, -1
    if 0 in (one.actor, one.victim):
        return 1, 0, max(one.actor, one.victim)
    return 2, min(one.actor, one.victim), max(one.actor, one.victim)


def _row(scenario: Scenario, country: Country, one: Happening, number: int, dice: Dice) -> dict[str, str | int]:
    kind, a, b = _sides(scenario, one)
    name_a = scenario.actors[a].name
    name_b = "Civilians" if b < 0 else scenario.actors[b].name
    dyad = f"{name_a} - {name_b}"
    first_dead, second_dead = one.deaths_actor, one.deaths_victim
    if one.actor != a:
        first_dead, second_dead = second_dead, first_dead
    civilians, unknown = one.deaths_civilians, 0
    if dice.chance(0.15):  # the sources do not say who the dead were
        unknown = second_dead if kind != 3 else 0
        second_dead -= unknown
    if kind == 3 and dice.chance(0.1):
        unknown = civilians // 2
        civilians -= unknown
    best = first_dead + second_dead + civilians + unknown
    low = best - dice.between(0, best // 3)
    high = best + dice.between(0, best // 2 + 1)
    where_prec, at, coordinates, description, adm_1, adm_2 = _placed(country, one, dice)
    date_prec, start, end = _dated(scenario, one, dice)
    office = dice.pick(_OFFICES)
    told = end + dt.timedelta(days=dice.between(0, 5))
    place = country.settlements[one.place].name if where_prec < 3 else adm_1 or scenario.name
    headline = f"{best} {'person' if best == 1 else 'people'} reported killed: {place}"
    conflict = 990_100 + b if kind == 1 else 990_200 + 100 * a + b + 1
    dyad_id = 991_000 + 100 * a + b + 1
    lon, lat = degrees(at[0]), degrees(at[1])
    return {
        "id": 9_000_000 + number,
        "relid": f"{scenario.code}-{start.year}-{kind}-{dyad_id}-{number}",
        "year": start.year,
        "active_year": 0,
        "code_status": "Clear",
        "type_of_violence": kind,
        "conflict_dset_id": conflict,
        "conflict_new_id": conflict,
        "conflict_name": f"{scenario.name}: Government" if kind == 1 else dyad,
        "dyad_dset_id": dyad_id,
        "dyad_new_id": dyad_id,
        "dyad_name": dyad,
        "side_a_dset_id": 990_000 + a,
        "side_a_new_id": 990_000 + a,
        "side_a": name_a,
        "side_b_dset_id": 9999 if b < 0 else 990_000 + b,
        "side_b_new_id": 1 if b < 0 else 990_000 + b,
        "side_b": name_b,
        "number_of_sources": dice.between(1, 3),
        "source_article": f'"{office}, {told}, {headline}"',
        "source_office": office,
        "source_date": str(told),
        "source_headline": headline,
        "source_original": dice.pick(_ORIGINALS),
        "where_prec": where_prec,
        "where_coordinates": coordinates,
        "where_description": description,
        "adm_1": adm_1,
        "adm_2": adm_2,
        "latitude": lat,
        "longitude": lon,
        "geom_wkt": f"POINT ({lon} {lat})",
        "priogrid_gid": cell_of(at),
        "country": scenario.name,
        "country_id": scenario.gw_number,
        "region": "Africa",
        "event_clarity": 1 if date_prec < 4 and where_prec < 4 else 2,
        "date_prec": date_prec,
        "date_start": f"{start} 00:00:00.000",
        "date_end": f"{end} 00:00:00.000",
        "deaths_a": first_dead,
        "deaths_b": second_dead,
        "deaths_civilians": civilians,
        "deaths_unknown": unknown,
        "best": best,
        "high": high,
        "low": low,
        "gwnoa": scenario.gw_number if a == 0 else "",
        "gwnob": "",
    }


def code_events(
    scenario: Scenario, country: Country, happenings: list[Happening], known: float = 0.93
) -> tuple[list[dict[str, str | int]], dict[int, int]]:
    """Rows of GED for the attacks that the press heard of.

    Parameters
    ----------
    scenario, country, happenings
        As simulated.
    known : float
        Share of deadly attacks that are ever reported.

    Returns
    -------
    rows : list of dict
        Keys are `GED_COLUMNS`, in order.
    numbers : dict
        From position in `happenings` to GED id.
    """
    dice = Dice(scenario.seed, "media")
    rows: list[dict[str, str | int]] = []
    numbers: dict[int, int] = {}
    for position, one in enumerate(happenings):
        if one.kind != LETHAL or not dice.chance(known):
            continue
        row = _row(scenario, country, one, len(rows) + 1, dice)
        numbers[position] = int(row["id"])
        rows.append(row)
    # UCDP calls a dyad active in a year of 25 deaths or more.
    totals: dict[tuple[str | int, str | int], int] = {}
    for row in rows:
        key = (row["dyad_new_id"], row["year"])
        totals[key] = totals.get(key, 0) + int(row["best"])
    for row in rows:
        row["active_year"] = int(totals[row["dyad_new_id"], row["year"]] >= 25)
    return rows, numbers
