"""Every planner on the demonstration mission, from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.core.errors import TocsinError


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planners") / "demo"
    for words in (["demo", str(folder)], ["assess", "--mission", str(folder)]):
        done = CliRunner().invoke(app, [*words, "--quiet"])
        assert done.exit_code == 0, done.output
    return folder


def told(demo: Path, *words: str) -> dict:
    done = CliRunner().invoke(app, ["plan", *words, "--mission", str(demo), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def refused(demo: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["plan", *words, "--mission", str(demo)])
    assert isinstance(done.exception, TocsinError), done.output
    return str(done.exception)


def test_drawdown(demo: Path):
    found = told(demo, "drawdown", "--steps", "4", "--keep", "2")
    closed = [c["unit"] for step in found["steps"] for c in step["closes"]]
    assert len(closed) == len(set(closed)) == found["bases"] - 2
    assert not set(closed) & {*found["kept"], *found["stay_to_the_end"]}
    assert found["value"] <= found["bound"]
    assert all(found["value"] >= other["value"] - 1e-9 for other in found["compared"])
    assert sum(step["protection"] for step in found["steps"]) == pytest.approx(found["value"])
    assert all(step["in_place_before"] for step in found["steps"] if step["closes"])
    # A base that may not close early does not, and other dates are weighed against it.
    first = closed[0]
    held = told(demo, "drawdown", "--steps", "4", "--keep", "2", "--not-before", f"{first}=4", "--contract",
                f"{first}=1")  # fmt: skip
    assert first not in [c["unit"] for step in held["steps"][:3] for c in step["closes"]]
    assert held["value"] <= found["value"] + 1e-9
    assert [other["order"] for other in held["compared"]][-1] == "contract date"
    assert "1 to 60 months" in refused(demo, "drawdown", "--steps", "0")
    assert "no unit" in refused(demo, "drawdown", "--by", "Nowhere=2")


def test_contingency(demo: Path):
    found = told(demo, "contingency")
    assert len(found["areas"]) == len({a["area"] for a in found["areas"]}) > 5
    for area in found["areas"]:
        assert area["alarm"] == (area["statistic"] > area["threshold"])
        assert area["false_alarm"] <= 0.1
        assert (area["events_next_month_that_raise_it"] is None) == area["alarm"]
        assert area["delays"][0]["mean"] >= area["delays"][1]["mean"]
        if area["back"] and area["back"]["restores_floor"]:
            assert area["back"]["share_after"] is None or area["back"]["share_after"] >= found["floor"] - 1e-9
    assert told(demo, "contingency")["areas"] == found["areas"]
    assert "before the month" in refused(demo, "contingency", "--left", "2030-01")
