"""A square of 4 × 4 cells with three bases, assessed once; each test gets a copy of the folder."""

import datetime as dt
import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.conftest import NOW, SQUARE
from tests.listen import ged
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.core.mission import Mission, load
from tocsin.listen.imports import import_file
from tocsin.listen.missions import make
from tocsin.plan.actions import latest_assessment
from tocsin.store import open_store, reading, writing

# Alpha stands in the south-west, Bravo in the north-east, 2 degrees apart; the wing of Alpha flies; Watch only looks.
UNITS = """name,kind,latitude,longitude,strength,from,contributor,has
Alpha,base,5.25,20.25,300,2018-01,Ghana,medical;sango
Bravo,tob,6.75,21.75,60,2018-01,Nepal,women officers
Wing,helicopter,5.25,20.25,20,2018-01,Ghana,
Watch,observer,6.75,20.25,5,2018-01,Nepal,
"""


def _events() -> list[list[str]]:
    """Attacks on civilians: many in the south-east, some in the north-west, a few anywhere."""
    dice = random.Random(7)
    spots = [(21.75, 5.25)] * 6 + [(20.25, 6.75)] * 3 + [(20.75, 5.75), (21.25, 6.25)]
    rows = []
    for i in range(200):
        day = dt.date(2017, 1, 1) + dt.timedelta(days=dice.randrange(730))
        lon, lat = dice.choice(spots)
        deaths = dice.randrange(1, 9)
        rows.append(ged.row(i + 1, date_start=day, date_end=day, best=deaths, deaths_civilians=deaths, longitude=lon,
                            latitude=lat, adm_1="West" if lon < 21 else "East",
                            side_a="Government of Somewhere" if i % 4 == 0 else "Raiders"))  # fmt: skip
    rows.append(ged.row(9_999, date_start="2018-12-31", date_end="2018-12-31", best=0, deaths_civilians=0))
    return rows


@pytest.fixture(scope="session")
def _assessed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("planned")
    (home / "square.geojson").write_text(json.dumps(SQUARE))
    make(home / "mission", str(home / "square.geojson"), "Square", (6, 7, 8), "")
    mission = load(home / "mission")
    (home / "units.csv").write_text(UNITS)
    engine = open_store(mission.store_url)
    try:
        with writing(engine) as connection:
            import_file(connection, mission, ged.write(home / "GEDEvent_v19_1.csv", _events()), NOW)
            import_file(connection, mission, home / "units.csv", NOW)
            latest_assessment(connection, mission, NOW, None)
    finally:
        engine.dispose()
    return mission.folder


@pytest.fixture
def planned(_assessed: Path, tmp_path: Path) -> Mission:
    """A mission of its own with events, units and a forecast as of December 2018."""
    shutil.copytree(_assessed, tmp_path / "mission")
    return load(tmp_path / "mission")


@pytest.fixture
def records(planned: Mission) -> Iterator[sa.Connection]:
    """Its records, for reading."""
    engine = open_store(planned.store_url)
    with reading(engine) as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def tocsin(planned: Mission) -> Callable[..., object]:
    """Run a command on it: the JSON it gives, or the sentence of the error of the class asked for."""

    def run(*arguments: object, fails: type[Exception] | None = None, as_json: bool = True) -> object:
        more = ["--json"] if as_json else []
        done = CliRunner().invoke(app, ["--mission", str(planned.folder), *more, *map(str, arguments)])
        if fails is not None:
            assert isinstance(done.exception, fails), (done.output, done.exception)
            return str(done.exception)
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout) if as_json else done.stdout

    return run
