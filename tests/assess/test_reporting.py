"""Silence is not peace: what sources covered and heard of in each area, and its change."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.assess.panel.test_placement import WEST, ground
from tests.assess.test_as_of import bring, some_events
from tests.listen import ged
from tocsin.assess.panel import Panel
from tocsin.assess.reporting import reporting
from tocsin.cli.main import app
from tocsin.core.mission import Mission

GROUND = ground()


def test_an_area_goes_dark_or_silent_or_is_as_before():
    cells, months = len(GROUND.gids), 24
    west = GROUND.area_of_cell == 0
    plane = np.zeros((months, cells), dtype=np.float32)
    plane[:12, np.flatnonzero(west)[:3]] = 0.2  # somewhere in the west, every month of the first year, and then no more
    plane[::3, np.flatnonzero(~west)[0]] = 4

    def states(of: np.ndarray) -> dict:
        return {one.area: one for one in reporting(Panel(GROUND.gids, 1, {"os": of}), GROUND)}

    found = states(plane)
    assert (found[WEST.name].reports_now, found[WEST.name].reports_before, found[WEST.name].state) == (0, 12, "silent")
    assert (found["East"].reports_now, found["East"].reports_before, found["East"].state) == (4, 4, "as before")
    assert found[None].state == "fewer", "four months of twelve, after all of them"
    assert found[None].cells == cells
    unseen = plane.copy()
    unseen[-7:, west] = np.nan
    dark = states(unseen)[WEST.name]
    assert (dark.state, dark.dark_cells, dark.data_before) == ("dark", int(west.sum()), 1.0)
    assert dark.data_now == round(5 / 12, 3)
    short = reporting(Panel(GROUND.gids, 1, {"os": plane[:12]}), GROUND)[0]
    assert short.as_dict()["data_before"] is None, "what was before is not known, not nothing"


@pytest.mark.parametrize("small_mission", ["sqlite"], indirect=True)
def test_an_assessment_tells_of_silence_and_judges_the_forecasts_before_it(tmp_path: Path, small_mission: Mission):
    rows = some_events(2017, 6, 500) + some_events(2018, 7, 1_000)
    bring(small_mission, ged.write(tmp_path / "GEDEvent_v19_1.csv", rows))

    def assessed(month: str) -> dict:
        args = ["assess", "--as-of", month, "--horizon", "2", "--mission", str(small_mission.folder)]
        said = CliRunner().invoke(app, args)
        assert "silence is not peace" in said.output
        assert ("Forecasts made before" in said.output) == (month == "2018-11")
        return dict(json.loads(CliRunner().invoke(app, [*args, "--json"]).stdout))

    first = assessed("2018-10")
    assert first["watch"]["verdict"] == "no forecasts"
    assert first["reporting"][0]["reports_before"] > 0
    second = assessed("2018-11")
    assert [m["month"] for m in second["watch"]["months"]] == ["2018-11"], "October's forecast, by November"
    assert second["watch"]["verdict"] != "no forecasts"
