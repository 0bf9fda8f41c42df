import json
from pathlib import Path

import pytest

from tocsin.core.errors import BadInput
from tocsin.plan.scenarios import Kept, Scenario, read_kept, read_scenarios

GOOD = """
[scenario."early rains"]
wet = true
[scenario.front]
risk = { Vakaga = 3 }
shift = [["21.9,6.5", "Bria"]]
without_units = ["Camp"]
"""


def test_a_file_is_read_and_written_again(tmp_path: Path):
    file = tmp_path / "s.toml"
    file.write_text(GOOD)
    rains, front = read_scenarios(file)
    assert rains == Scenario("early rains", wet=True)
    assert front.shift == (("21.9,6.5", "Bria"),)
    again = tmp_path / "s.json"
    again.write_text(
        json.dumps(
            {"scenario": {s.name: {k: v for k, v in s.to_json().items() if k != "name"} for s in (rains, front)}}
        )
    )
    assert read_scenarios(again) == (rains, front)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "1 to 12 tables"),
        ("[scenario.a]\nrain = true", "may have"),
        ("[scenario.a]\nwet = 1", "'wet' is not"),
        ("[scenario.a]\nshift = [['a']]", "'shift' is not"),
        ("[scenario.a]\nwithout_units = 'x'", "'without_units' is not"),
        ("[scenario.a]\nrisk = { X = -1 }", "between 0 and 1000"),
        ("[scenario.a]\nrisk = { X = true }", "between 0 and 1000"),
        ("[scenario.a]\nclosed = [['one place']]", "'closed' is not"),
        ("[settings]\nmoves = true\n[scenario.a]", "'moves' in"),
        ("[settings]\nmove = 1\n[scenario.a]", "may have: as_of"),
        ("result = 1\n[scenario.a]", "none that was saved"),
        ("[scenario.a]\nshared_units_go = 'x'", "'shared_units_go' is not"),
        ("scenario =", "cannot be read"),
    ],
)
def test_what_is_no_scenario_is_said(tmp_path: Path, text: str, why: str):
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=why):
        read_scenarios(file)


def test_a_saved_file_is_the_whole_and_says_what_changed_since(tmp_path: Path):
    row = {"name": "a", "data_hash": "x", "risk": 2.0, "within_now": 1.0, "within_planned": 1.5}
    kept = Kept((Scenario("a", closed=(("1,2", "Bria"),)),), {"moves": 2, "operations": ["M"]}, {"scenarios": [row]})
    file = tmp_path / "kept.json"
    file.write_text(json.dumps(kept.to_json()))
    assert read_kept(file) == kept
    assert kept.changed_since({"scenarios": [row]}) == []
    assert kept.changed_since({"scenarios": [{**row, "within_now": 1.1}]}) == ["a"]
    assert Kept(kept.scenarios).changed_since({"scenarios": [row]}) is None
