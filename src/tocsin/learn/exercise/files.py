"""The files of an exercise: a simulated country in the layouts that the program imports."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.core.time import month_text
from tocsin.learn.exercise.country import Country, build_country
from tocsin.learn.exercise.dice import Dice
from tocsin.learn.exercise.media import GED_COLUMNS, cell_of, code_events, degrees
from tocsin.learn.exercise.mission import Move, Post, deploy, displace
from tocsin.learn.exercise.scenario import Scenario, toml
from tocsin.learn.exercise.terrain import DEGREE, Point, Ring, doubled_area, land_by_cell
from tocsin.learn.exercise.violence import (
    Happening,
    add_other_harm,
    date_of,
    let_violence_run,
    take_territory,
)
from tocsin.learn.exercise.voices import FocalPoint, Report, choose_focal_points, hear_reports

FILES = (
    "scenario.toml",
    "events.csv",
    "area.geojson",
    "places.csv",
    "units.csv",
    "roads.geojson",
    "rivers.geojson",
    "population.csv",
    "displacement.csv",
    "focal_points.csv",
    "reports.csv",
    "truth.csv",
    "truth_reports.csv",
)


@dataclass(frozen=True)
class World:
    """A scenario played through: all that is true, and what was seen of it."""

    scenario: Scenario
    country: Country
    happenings: list[Happening]
    events: list[dict[str, str | int]]  # rows of UCDP GED
    event_ids: dict[int, int]  # from position in `happenings`
    posts: list[Post]
    moves: list[Move]
    people: list[FocalPoint]
    reports: list[Report]


def simulate(scenario: Scenario) -> World:
    """Play a scenario through.

    Raises
    ------
    Infeasible
        If the scenario's numbers leave no such country.
    """
    country = build_country(scenario)
    attacks = let_violence_run(scenario, country, take_territory(scenario, country))
    happenings = add_other_harm(scenario, country, attacks)
    events, event_ids = code_events(scenario, country, happenings)
    people = choose_focal_points(scenario, country)
    return World(
        scenario,
        country,
        happenings,
        events,
        event_ids,
        deploy(scenario, country, happenings),
        displace(scenario, country, happenings),
        people,
        hear_reports(scenario, country, happenings, people),
    )


def write(scenario: Scenario, folder: Path) -> list[Path]:
    """Play a scenario through and write its files; the same scenario gives the same bytes on every machine.

    Parameters
    ----------
    scenario : Scenario
    folder : Path
        Made if it is missing; files of the same names are replaced.

    Returns
    -------
    list of Path
        One for each of `FILES`, in that order.
    """
    world = simulate(scenario)
    texts = {
        "scenario.toml": toml(scenario),
        "events.csv": _table(GED_COLUMNS, ([row[c] for c in GED_COLUMNS] for row in world.events)),
        "area.geojson": _areas(world),
        "places.csv": _places(world),
        "units.csv": _units(world),
        "roads.geojson": _roads(world),
        "rivers.geojson": _rivers(world),
        "population.csv": _population(world),
        "displacement.csv": _displacement(world),
        **_reports(world),
        "truth.csv": _truth(world),
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in FILES:
        path = folder / name
        path.write_bytes(texts[name].encode("utf-8"))
        written.append(path)
    return written


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def _pairs(points: Iterable[Point]) -> list[list[float]]:
    # An integer divided by 10,000 is the float nearest to its decimal, so JSON shows four decimals at most.
    return [[x / DEGREE, y / DEGREE] for x, y in points]


def _polygon(ring: Ring) -> dict[str, Any]:
    line = ring if doubled_area(ring) > 0 else ring[::-1]  # anticlockwise, RFC 7946
    return {"type": "Polygon", "coordinates": [_pairs([*line, line[0]])]}


def _line(points: Sequence[Point]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": _pairs(points)}


def _collection(features: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    rows = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    lines = ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows)
    return '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n"


def _areas(world: World) -> str:
    country, scenario = world.country, world.scenario
    outline = ({"level": 0, "code": scenario.code, "name": scenario.name}, _polygon(country.terrain.outline))
    parts = [({"level": 1, "code": a.code, "name": a.name}, _polygon(a.ring)) for a in country.areas]
    return _collection([outline, *parts])


def _places(world: World) -> str:
    rows = [
        [
            s.name,
            "|".join(s.alternates),
            degrees(s.at[0]),
            degrees(s.at[1]),
            s.population,
            world.country.areas[s.area].name,
        ]
        for s in world.country.settlements
    ]
    return _table(["name", "alternates", "lon", "lat", "population", "admin1"], rows)


def _units(world: World) -> str:
    rows = []
    for post in world.posts:
        x, y = world.country.settlements[post.place].at
        until = "" if post.until is None else month_text(post.until)
        rows.append(
            [
                post.name,
                post.kind.value,
                degrees(y),
                degrees(x),
                post.strength,
                month_text(post.start),
                until,
                post.contributor,
            ]
        )
    return _table(["name", "kind", "latitude", "longitude", "strength", "from", "until", "contributor"], rows)


def _roads(world: World) -> str:
    country = world.country
    return _collection(
        (
            {
                "class": road.kind,
                "from": country.settlements[road.ends[0]].name,
                "to": country.settlements[road.ends[1]].name,
                "crosses": "|".join(country.rivers[k] for k in road.crosses),
                "bridge": road.bridge,
                "wet_season": "open" if road.wet_open else "closed",
            },
            _line(road.line),
        )
        for road in country.roads
    )


def _rivers(world: World) -> str:
    country = world.country
    return _collection(
        ({"name": country.rivers[k], "class": "river" if k < world.scenario.rivers else "tributary"}, _line(line))
        for k, line in enumerate(country.terrain.rivers)
    )


def _population(world: World) -> str:
    """People a cell: those of its settlements, and a scattering over its land."""
    dice = Dice(world.scenario.seed, "rural people")
    land = land_by_cell(world.country.terrain.outline)
    people: dict[int, int] = {}
    for (column, row), squares in sorted(land.items(), key=lambda item: (item[0][1], item[0][0])):
        cell = cell_of((column * 5_000 + 2_500, row * 5_000 + 2_500))
        people[cell] = squares * dice.between(1_500, 14_000) // 2_500
    for settlement in world.country.settlements:
        cell = cell_of(settlement.at)
        people[cell] = people.get(cell, 0) + settlement.population
    return _table(["priogrid_gid", "population"], sorted(people.items()))


def _displacement(world: World) -> str:
    places, areas = world.country.settlements, world.country.areas
    rows = [
        [
            month_text(m.month),
            places[m.origin].name,
            areas[places[m.origin].area].name,
            places[m.destination].name,
            areas[places[m.destination].area].name,
            m.people,
            m.kind,
        ]
        for m in world.moves
    ]
    return _table(["month", "origin", "origin_admin1", "destination", "destination_admin1", "people", "kind"], rows)


def _reports(world: World) -> dict[str, str]:
    places, actors = world.country.settlements, world.people
    numbers = {id(report): f"R{n:06d}" for n, report in enumerate(world.reports, start=1)}
    received = [
        [numbers[id(r)], r.at.strftime("%Y-%m-%dT%H:%M:%SZ"), r.channel, actors[r.teller].source, r.text]
        for r in world.reports
    ]
    truth = [
        [
            numbers[id(r)],
            r.origin,
            f"S{r.story:05d}",
            "" if r.happening is None else f"H{r.happening + 1:05d}",
            "" if r.repeats is None else numbers.get(id(r.repeats), ""),
            r.language,
            r.kind,
            places[r.place].name,
        ]
        for r in world.reports
    ]
    people = [
        [p.source, places[p.place].name, degrees(places[p.place].at[0]), degrees(places[p.place].at[1]), p.language]
        for p in world.people
    ]
    return {
        "focal_points.csv": _table(["source", "place", "lon", "lat", "language"], people),
        "reports.csv": _table(["report_id", "received_at", "channel", "source", "text"], received),
        "truth_reports.csv": _table(
            ["report_id", "origin", "story", "happening", "repeats", "language", "kind", "place"], truth
        ),
    }


def _truth(world: World) -> str:
    scenario, places = world.scenario, world.country.settlements
    rows = []
    for number, one in enumerate(world.happenings):
        victim = "civilians" if one.victim < 0 else scenario.actors[one.victim].name
        rows.append(
            [
                f"H{number + 1:05d}",
                world.event_ids.get(number, ""),
                one.kind,
                date_of(scenario, one.day),
                f"{one.hour:02d}:00",
                degrees(one.at[0]),
                degrees(one.at[1]),
                places[one.place].name,
                scenario.actors[one.actor].name,
                scenario.actors[one.actor].kind,
                victim,
                one.deaths_actor,
                one.deaths_victim,
                one.deaths_civilians,
                "" if one.cause is None else f"H{one.cause + 1:05d}",
            ]
        )
    columns = "happening event_id kind date time lon lat place actor actor_kind victim deaths_actor deaths_victim"
    return _table([*columns.split(), "deaths_civilians", "cause"], rows)
