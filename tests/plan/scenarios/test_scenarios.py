import json
from pathlib import Path

import pytest

from tocsin.core.errors import BadInput
from tocsin.plan.scenarios import Scenario, read_scenarios

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
        ("scenario =", "cannot be read"),
    ],
)
def test_what_is_no_scenario_is_said(tmp_path: Path, text: str, why: str):
    file = tmp_path / "s.toml"
    file.write_text(text)
    with pytest.raises(BadInput, match=why):
        read_scenarios(file)
