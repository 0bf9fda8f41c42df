"""The pairing of partners on the square mission, from tables to words."""

from pathlib import Path

import pytest

from tocsin.core.errors import BadFile, BadInput, NotFound

FORCES = """force,kind,assessment,assessed_until,reason
Mission,un,,,
Regional,security,mitigated,2019-03-31,
Army,host_state,refused,,conduct in 2018
"""
OFFERS = """id,force,capability,detail,quantity,place,hours,by
heli,Regional,air,,1,"20.25,5.25",3,helicopter
clinic,Mission,medical,,1,"21.75,6.75",2,wheeled
clinic2,Mission,medical,,1,,,
talk,Mission,interpreters,sango,1,,,
"""
GAPS = """id,force,capability,detail,place,weight,set
lift,Mission,air,,"21.25,5.75",,
doctor,Regional,medical,,"20.25,5.25",,
drone,Mission,isr,,,,
words,Regional,interpreters,fulfulde,,,
guns,Army,medical,,,,
"""


def files(tmp_path: Path, forces: str = FORCES, offers: str = OFFERS, gaps: str = GAPS) -> list[object]:
    for name, text in (("f.csv", forces), ("o.csv", offers), ("g.csv", gaps)):
        (tmp_path / name).write_text(text)
    return ["plan", "partners", *(tmp_path / n for n in ("f.csv", "o.csv", "g.csv"))]


def test_what_passes_and_what_the_safeguards_stop(tocsin, tmp_path: Path):
    found = tocsin(*files(tmp_path))
    assert found["months"][0] == "2019-01"
    passed = {p["gap"]: p for p in found["passings"]}
    # The assessment of Regional holds to March: after it nothing passes to it or from it.
    assert set(passed) == {"lift", "doctor"}
    assert (passed["lift"]["from"], passed["lift"]["until"]) == ("2019-01", "2019-03")
    # 223 km in a straight line: too far for two hours by road, so the clinic that can be brought anywhere goes.
    assert passed["doctor"]["offer"] == "clinic2"
    why = {g["gap"]: " ".join(g["why"]) for g in found["gaps"]}
    assert "no other force offers isr" in why["drone"]
    assert "none with fulfulde" in why["words"]
    assert "says no (conduct in 2018)" in why["guns"]
    assert "not through 2019-04: renew it" in why["lift"]
    assert [(b["one"], b["other"]) for b in found["both_ways"]] == [("Mission", "Regional")]
    assert {s["receiver"] for s in found["stopped"]} >= {"Army"}
    assert all("Army" not in (p["giver"], p["receiver"]) for p in found["passings"])
    assert found["value"] <= found["wanted"]
    assert found["proven"]
    assert max(w["loses"] for w in found["without"]) <= found["value"] + 1e-9
    weights = {g["gap"]: g["weight"] for g in found["gaps"]}
    assert weights["drone"] == 1.0
    assert max(weights.values()) == pytest.approx(5.0)
    assert found == tocsin(*files(tmp_path))
    assert "Stopped by safeguards: Mission to Army" in tocsin(*files(tmp_path), as_json=False)


def test_wrong_tables_are_refused_with_the_row(tocsin, tmp_path: Path):
    assert "assessed_until is empty" in tocsin(
        *files(tmp_path, forces="force,kind,assessment\nArmy,host_state,cleared\n"), fails=BadFile
    )
    assert "row 2: the force 'Nobody'" in tocsin(
        *files(tmp_path, offers="id,force,capability\na,Nobody,air\n"), fails=BadFile
    )
    assert "write one of wheeled" in tocsin(
        *files(tmp_path, offers="id,force,capability,by\na,Mission,air,rocket\n"), fails=BadFile
    )
    assert "no unit or place" in tocsin(
        *files(tmp_path, gaps="id,force,capability,place\na,Mission,air,Nowhere\n"), fails=NotFound
    )
    assert "1 to 24 months" in tocsin(*files(tmp_path), "--months", "0", fails=BadInput)
