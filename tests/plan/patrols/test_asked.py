"""What people ask of patrols: read, refused in words, and laid out as one problem."""

from pathlib import Path

import pytest

from tocsin.core.errors import BadInput
from tocsin.plan.patrols.asked import Companion, Escort, Joint, Out, read_tasks, tasks_of

TEXT = """
[[escort]]
name = "market convoy"
start = "Bria"
end = "Ippy"
after = 8
before = 16.5

[[visit]]
place = "Bria"
needs = ["sango"]
must = true

[[companion]]
name = "Section"
skills = ["sango"]
at = ["Base Bria"]
"""


def test_tasks_are_read(tmp_path: Path):
    file = tmp_path / "tasks.toml"
    file.write_text(TEXT)
    found = read_tasks(file)
    assert found["escorts"] == (Escort("market convoy", "Bria", "Ippy", 8, 16.5),)
    assert found["joint"] == (Joint("Bria", ("sango",), must=True),)
    assert found["companions"] == (Companion("Section", ("sango",), ("Base Bria",)),)
    Out(**found).check()


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ({"escorts": []}, "'escorts' is none of them"),
        ({"escort": {"name": "x"}}, r"\[\[escort\]\]"),
        ({"escort": [{"name": "x"}]}, "something is left out"),
        ({"escort": [{"name": "x", "from": "y"}]}, "'from' is not known"),
        ({"visit": [{"place": "x", "needs": "sango"}]}, "'needs' is not known or not of the right kind"),
        ({"visit": [{"place": "x", "needs": ["sango"], "must": 1}]}, "'must' is not known"),
        ({"companion": [{"name": 3}]}, "'name' is not known"),
    ],
)
def test_what_is_no_task_is_said(found, why):
    with pytest.raises(BadInput, match=why):
        tasks_of(found)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"joint": (Joint("Bria", ("sango",)),)}, "needs sango, which no companion is or has; offered are: none"),
        ({"days": 6}, "1 to 5 days"),
        ({"escorts": (Escort("c", "a", "b", after=9, before=8),)}, "the first before the last"),
        ({"escorts": (Escort("c", "a", "b", day=2),)}, "a day on which"),
        ({"escorts": (Escort("c", "a", "b", worth=float("nan")),)}, "zero or more"),
        ({"escorts": (Escort("c", "a", ""),)}, "where the escort ends"),
        ({"escorts": (Escort("c", "a", "b"), Escort("C ", "b", "a"))}, "there twice"),
        ({"fuel_at": ("Alpha",)}, "how many hours full tanks last"),
        ({"leave": 9.0, "back": 9.0}, "leave before they are back"),
        ({"keep": {"Bria": (3, 2)}}, "no more visits than days"),
        ({"keep": {"Bria": (1, 7)}, "visited": {"Bria": (-1.0,)}}, "zero or more"),
        ({"range_hours": 0.0}, "more than zero"),
        ({"companions": tuple(Companion(str(k)) for k in range(30))}, "no more than 24"),
    ],
)
def test_what_cannot_be_asked_is_said(asked, why):
    with pytest.raises(BadInput, match=why):
        Out(**asked).check()


def test_each_wrong_field_has_its_own_sentence():
    escort = Escort("c", "a", "", after=9, before=8, day=3)
    asked = Out(patrols=0, litres=-1.0, keep={"Bria": (3, 2)}, escorts=(escort,), joint=(Joint("Ippy", ("sango",)),))
    found = asked.wrong()
    assert list(found) == ["patrols", "litres", "keep.Bria", "escorts.0.end", "escorts.0.after", "escorts.0.day",
                           "joint.0.needs"]  # fmt: skip
    with pytest.raises(BadInput) as refused:
        asked.check()
    assert refused.value.params["wrong"] == found
    assert all(said in str(refused.value) for said in found.values())


def test_last_visits_are_found_by_any_case():
    asked = Out(visited={"bria": 3.0, "Ippy": (9, 2)})
    assert (asked.ago("Bria"), asked.ago("IPPY"), asked.ago("Bambari")) == ((3.0,), (2.0, 9.0), ())
