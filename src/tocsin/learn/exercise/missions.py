"""The demonstration mission: a simulated country taken in through the same doors as real data."""

import dataclasses
import datetime as dt
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.codes import Role
from tocsin.core.mission import Mission
from tocsin.core.mission import load as load_mission
from tocsin.core.progress import Progress, silent
from tocsin.learn.exercise.files import write
from tocsin.learn.exercise.scenario import Scenario, load
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.plan.mobility.ground import add_layer
from tocsin.store import open_store, writing
from tocsin.store.accounts import CONSOLE, invite

# Whose work a visitor can look at; these accounts have no password, so only the demonstration's own link opens them.
DEMO_PEOPLE = {
    "duty": Role.DUTY_OFFICER,
    "analyst": Role.ANALYST,
    "planner": Role.PLANNER,
    "rights": Role.HUMAN_RIGHTS_OFFICER,
    "reader": Role.READ_ONLY,
    "admin": Role.ADMINISTRATOR,
}
MADE_UP = "simulated"
# What a mission is told; the truth stays out of its records.
TAKEN_IN = {"events.csv": "ucdp-ged", "units.csv": "units", "places.csv": "places", "population.csv": "population"}
GROUND = {"roads": "roads.geojson", "rivers": "rivers.geojson"}
ALWAYS = dt.date(1990, 1, 1)  # the roads of the made-up country were there before its records begin


@dataclass(frozen=True)
class DemoMade:
    """What the demonstration mission holds."""

    name: str
    cells: int
    events: int
    units: int
    seed: int


def make_demo(
    folder: Path, now: dt.datetime, seed: int | None = None, scenario: Path | None = None, tell: Progress = silent
) -> DemoMade:
    """Simulate a country and make a mission of it; the simulator's files are kept in ``simulated/``.

    Parameters
    ----------
    folder : Path
        A new or empty folder.
    seed : int, optional
        Another country than the default one.
    scenario : Path, optional
        TOML file of parameters.
    """
    chosen = load(scenario) if scenario else Scenario()
    if seed is not None:
        chosen = dataclasses.replace(chosen, seed=seed)
    with tempfile.TemporaryDirectory() as scratch:
        tell("Simulating", 0, 3)
        written = write(chosen, Path(scratch))
        tell("Simulating", 1, 3)
        made = make(folder, str(Path(scratch) / "area.geojson"), chosen.name, tuple(chosen.wet_months))
        kept = folder / MADE_UP
        kept.mkdir()
        for path in written:
            shutil.copyfile(path, kept / path.name)
    home = load_mission(folder)
    counts = {}
    for number, (name, layout) in enumerate(TAKEN_IN.items()):
        with writing(open_store(home.store_url)) as connection:
            counts[name] = import_file(connection, home, kept / name, now, layout, tell=silent).counts.added
        tell("Simulating", 2 + number / len(TAKEN_IN), 3)
    for kind, name in GROUND.items():
        add_layer(home, kind, kept / name, ALWAYS, "simulated")
    with writing(open_store(home.store_url)) as connection:
        for login, role in DEMO_PEOPLE.items():
            invite(connection, CONSOLE, login, login.title(), {role}, now)
    tell("Simulating", 3, 3)
    return DemoMade(made.name, made.n_cells, counts["events.csv"], counts["units.csv"], chosen.seed)


def is_made_up(home: Mission) -> bool:
    """Whether the simulator made a mission's country: only such a mission can be looked at without a password."""
    return (home.folder / MADE_UP / "truth.csv").is_file()
