"""What a forecast rests on, from the assessment that keeps it to the page of a cell; nothing for who may not see."""

from pathlib import Path

import numpy as np
import pytest

from tests.assess.test_as_of import bring, some_events
from tests.conftest import NOW
from tests.listen import ged
from tests.web.houses import door, house_of
from tocsin.assess.actions import assess
from tocsin.core.codes import Role
from tocsin.core.mission import Mission
from tocsin.core.time import parse_month
from tocsin.store import finish_run, writing


@pytest.mark.parametrize("small_mission", ["sqlite"], indirect=True)
def test_an_assessment_keeps_what_its_forecasts_rest_on_and_the_page_of_a_cell_shows_it(
    tmp_path: Path, small_mission: Mission
):
    rows = [row for year in range(2008, 2019) for row in some_events(year, year, year * 1_000)]
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))
    place, month = house_of(small_mission), parse_month("2018-12")

    def assessed() -> dict:
        with writing(place.engine) as connection:
            return assess(connection, small_mission, NOW, month, 3, models=("last", "additive")).summary

    first = assessed()
    path = small_mission.folder / first["files"]["reasons"]
    made = path.read_bytes()
    path.unlink()
    assert assessed()["files"] == first["files"]
    assert path.read_bytes() == made, "deleted, it is made anew"
    old = {**first, "files": {k: v for k, v in first["files"].items() if k != "reasons"}}
    old.pop("reporting")
    with writing(place.engine) as connection:
        finish_run(connection, first["run"], "assess", {}, old, NOW)

    def asked(client, path: str, role: Role = Role.ANALYST, areas: tuple[str, ...] = ("*",)):
        head = {"Authorization": f"Bearer {place.person(role, areas=areas)}"}
        return client.get(f"/api/assess/{path}", headers=head)

    with door(place) as client:
        shown = asked(client, "map").json()
        cells = {cell["area"]: cell["gid"] for cell in shown["cells"]}
        here, there = cells["West"], cells["East"]
        assert shown["reporting"] == [], "an assessment made before it was kept is no error"
        assert asked(client, f"cells/{here}").json()["rests_on"] is None
        assert asked(client, f"cells/{here}/against/{there}").json() == []
        assert "reasons" in assessed()["files"], "an assessment made before reasons were kept is made anew"
        page = asked(client, f"cells/{here}").json()
        pair = asked(client, f"cells/{here}/against/{there}").json()
        assert {row["area"] for row in asked(client, "map").json()["reporting"]} == {None, "East", "West"}
        partner = (Role.PARTNER, ("W",))
        assert [row["area"] for row in asked(client, "map", *partner).json()["reporting"]] == ["West"]
        assert asked(client, f"cells/{here}", *partner).json()["rests_on"] == page["rests_on"]
        for one, other in ((here, there), (there, here)):
            assert asked(client, f"cells/{one}/against/{other}", *partner).status_code == 403
        assert asked(client, f"cells/{here}/against/1").status_code == 404

    assert [(c["against"], c["month"]) for c in page["rests_on"]["compared"]] == [
        (against, month) for month in ("2019-01", "2019-03") for against in ("typical", "month")
    ]
    assert {k: v for k, v in page["heard"].items() if not k.startswith("reports")} == {
        "data_now": 1, "data_before": 1, "dark": False, "silent": False,
    }  # fmt: skip
    for one in (*page["rests_on"]["compared"], *pair):
        assert one["chance"] / one["chance_there"] == pytest.approx(
            np.prod([p["factor"] for p in one["parts"]]), rel=1e-3
        )
    assert page["forecast"][0]["p_any"] == pytest.approx(page["rests_on"]["compared"][0]["chance"], abs=6e-4)
    parts = [{part["stable"] for part in one["parts"]} for one in page["rests_on"]["compared"]]
    assert None not in parts[0]
    assert parts[2] == {None}, "further ahead it is not asked whether directions hold"
    place.engine.dispose()
