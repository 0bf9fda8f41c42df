"""Plans for one objective under written demands: every demand is honoured, and named when it cannot be."""

import itertools
import json
import re

import numpy as np
import pytest
from tests.conftest import NOW

from tocsin.core import lattice
from tocsin.core.errors import BadFile, BadInput, Infeasible, NotFound
from tocsin.core.geometry import distance_km
from tocsin.plan.actions import largest_places
from tocsin.plan.objectives import Wish, ground_of
from tocsin.plan.situation import situation

LIMIT = 1.6  # a base reaches its own cell; the wing what lies within 120 km
OBJECTIVES = ("harm", "worst-area", "equity", "cost", "flying-hours", "disruption")


@pytest.fixture
def ask(tocsin, tmp_path):
    """`tocsin plan` with a request of the text given."""

    def run(text="", *options, **more):
        file = tmp_path / "request.toml"
        file.write_text(text)
        return tocsin("plan", "--request", file, "--hours", LIMIT, *options, **more)

    return run


def where(told):
    return {c["unit"]: c["gid"] for c in told["changes"]}


@pytest.fixture
def paper(records, planned):
    """Cells, their points, their risk, and the share of it out of reach of units (kind, lon, lat), by hand."""
    here = situation(records, planned, NOW)
    x, y = largest_places(records, here.gids)

    def out(units):
        for kind, lon, lat in units:
            away = distance_km(lon, lat, x, y)
            if kind == "helicopter":
                dry = np.where(away <= 200, 1 + away / 200, np.inf)
                wet = dry + 1  # two hours to get off the ground in the rains
            else:
                start = {"base": 1.0, "tob": 0.5}[kind]
                dry, wet = start + away / 20, start + away / 8
            yield dry, wet

    def harm(units):
        hours = list(out(units))
        dry, wet = (np.min([h[k] for h in hours], axis=0) for k in (0, 1))
        reached = 0.75 * here.risk[dry <= LIMIT].sum() + 0.25 * here.risk[wet <= LIMIT].sum()
        return 1 - float(reached / here.risk.sum())

    return here, x, y, harm


STAND = {"Alpha": ("base", 20.25, 5.25), "Wing": ("helicopter", 20.25, 5.25), "Bravo": ("tob", 21.75, 6.75)}


def test_the_least_harm_is_that_of_trying_every_place_by_hand(ask, paper):
    here, x, y, harm = paper
    told = ask("[limits]\nnew_bases = 1\nmoves = 1\n")
    assert told["aims_now"]["harm"] == pytest.approx(harm(list(STAND.values())))
    places = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    best = min(
        harm([*{**STAND, **moved}.values(), *new])
        for name, to, new_to in itertools.product((None, *STAND), places, (None, *places))
        for moved in [{name: (STAND[name][0], *to)} if name else {}]
        for new in [[("tob", *new_to)] if new_to else []]
        if not (name == "Wing" and new_to is None)
    )
    assert told["aims"]["harm"] == pytest.approx(best, abs=1e-6)
    assert told["bound"] <= told["value"] + 1e-9
    assert told["gap"] == pytest.approx(0, abs=1e-6)
    moved = {
        c["unit"]: (float(x[i]), float(y[i])) for c in told["changes"] for i in np.flatnonzero(here.gids == c["gid"])
    }
    after = [(STAND[u][0], *moved.pop(u)) if u in moved else STAND[u] for u in STAND]
    after += [("tob", *place) for place in moved.values()]
    assert told["aims"]["harm"] == pytest.approx(harm(after)), "a reader can recompute it"
    second = told["second_best"]
    assert second["without"] in {c["gid"] for c in told["changes"]}
    assert second["without"] not in {c["gid"] for c in second["changes"]}
    assert second["value"] >= told["value"] - 1e-9


def test_no_objective_is_better_served_by_the_plan_for_another(ask):
    text = "[limits]\nnew_bases = 1\nmoves = 1\n[cost]\nbase = 5\ntob = 2\nhelicopter = 9\n[flying]\nhelicopter = 30\n"
    plans = {o: ask(text, "--objective", o) for o in OBJECTIVES}
    for objective, told in plans.items():
        assert told["objective"] == objective
        assert told["value"] >= told["bound"] - 1e-9
        assert all(told["aims"][objective] <= other["aims"][objective] + 2e-4 for other in plans.values()), objective
    assert len({p["run"] for p in plans.values()}) == len(OBJECTIVES)
    assert len({str(p["changes"]) for p in plans.values()}) > 1


def test_the_worst_draws_are_worse_than_the_mean_and_lowered(ask):
    text = "[limits]\nnew_bases = 1\nmoves = 0\n"
    told = ask(text, "--objective", "worst-draws")
    assert told["aims"]["worst-draws"] >= told["aims"]["harm"]
    assert told["aims"]["worst-draws"] <= told["aims_now"]["worst-draws"]
    assert "worst-draws" not in ask(text)["aims"], "said only where draws were made"


def test_same_request_same_plan_and_run(ask):
    text = "[limits]\nnew_bases = 1\nmoves = 1\n"
    one, two = ask(text), ask(text)
    assert one == two


def test_the_front_runs_from_best_to_best_and_none_beats_another(tocsin, tmp_path):
    told = tocsin("plan", "front", "harm", "disruption", "--hours", LIMIT, "--additional", 1, "--moves", 2)
    pairs = [(p["aims"]["harm"], p["aims"]["disruption"]) for p in told["front"]]
    assert len(pairs) >= 3
    assert pairs == sorted(pairs)
    assert [b for _, b in pairs] == sorted((b for _, b in pairs), reverse=True)
    assert pairs[-1] == (told["aims_now"]["harm"], 0)
    assert told["front"][-1]["changes"] == []
    assert "as it stands" in tocsin("plan", "front", "harm", "disruption", "--hours", LIMIT, as_json=False)
    assert "two different" in tocsin("plan", "front", "harm", "harm", fails=BadInput)
    assert "no objective" in tocsin("plan", "front", "harm", "fame", fails=BadInput)
    assert "2 to 30" in tocsin("plan", "front", "harm", "cost", "--points", 1, fails=BadInput)


# Every demand of the form, each with a plan that would break it.


def test_moves_new_bases_and_budget(ask):
    free = ask("[limits]\nnew_bases = 2\nmoves = 2\n")
    assert sum(c["what"] == "add" for c in free["changes"]) == 2
    assert free["changes"] != []
    still = ask("[limits]\nnew_bases = 0\nmoves = 0\n")
    assert still["changes"] == []
    poor = ask("[limits]\nnew_bases = 2\nmoves = 0\nbudget = 19\n[cost]\nbase = 5\ntob = 2\nhelicopter = 9\n")
    assert poor["aims"]["cost"] <= 19
    assert len(poor["changes"]) == 1, "16 for what there is, 2 for one more, not for two"
    assert "a budget of 19" not in poor["broken_now"]


def test_closing_only_where_it_may_be_and_for_flying_hours(ask):
    text = "[limits]\nnew_bases = 0\nmoves = 0\nflying_hours = 10\n[flying]\nhelicopter = 30\n"
    assert "10 flying hours" in ask(text, fails=Infeasible)
    told = ask(text.replace("new_bases", "may_close = true\nnew_bases"))
    assert {c["unit"] for c in told["changes"] if c["what"] == "close"} >= {"Wing"}
    assert told["aims"]["flying-hours"] == 0
    assert told["broken_now"] == ["10 flying hours"]


def test_safe_size_is_that_of_all_at_a_place(ask, tocsin):
    told = ask("[limits]\nnew_bases = 2\nnew_strength = 40\nmoves = 1\nsafe_size = 60\n")
    assert told["changes"]
    added = [c["gid"] for c in told["changes"] if c["what"] == "add"]
    stands = {"Alpha": (int(lattice.gid_at(20.25, 5.25)), 300), "Bravo": (int(lattice.gid_at(21.75, 6.75)), 60)}
    stands = {u: (where(told).get(u, g), n) for u, (g, n) in stands.items()}
    for gid in added:
        assert sum(n for g, n in stands.values() if g == gid) + 40 * added.count(gid) >= 60
    assert "new_strength" in ask("[limits]\nnew_bases = 1\nsafe_size = 60\n", fails=BadInput)
    small = ask("[limits]\nnew_bases = 0\nmoves = 0\nsafe_size = 100\n", fails=Infeasible)
    assert "a safe size of 100" in small


def test_a_temporary_base_stays_within_supply_reach_of_a_base(ask, paper):
    here, x, y, _ = paper
    hours = "[limits]\nnew_bases = 2\nmoves = {}\nsupply_hours = 9\n"
    # 55 km from Alpha at 8 km/h in the rains are 6.9 hours, 79 km are 9.8
    told = ask(hours.format(2))
    alpha = where(told).get("Alpha", int(lattice.gid_at(20.25, 5.25)))
    at = {int(g): (float(a), float(b)) for g, a, b in zip(here.gids, x, y, strict=True)}
    tobs = [g for u, g in where(told).items() if u == "Bravo" or u.startswith("new")]
    assert tobs
    assert all(distance_km(*at[alpha], *at[g]) / 8 <= 9 for g in tobs)
    assert told["broken_now"] == ["supply within 9 h"]
    assert "supply within 9 h" in ask(hours.format(0), fails=Infeasible)


def test_medical_help_within_two_hours_of_every_armed_unit(ask):
    text = "[limits]\nnew_bases = 0\nmoves = {}\nmedical_hours = 2\n"
    told = ask(text.format(2))
    stands = {"Alpha": int(lattice.gid_at(20.25, 5.25)), "Bravo": int(lattice.gid_at(21.75, 6.75)), **where(told)}
    assert stands["Bravo"] == stands["Alpha"], "an hour's march in the rains is no more than 16 km: the same cell"
    assert "medical help within 2 h" in ask(text.format(0), fails=Infeasible)
    assert "engineers within 3 h" in ask("[limits]\nengineer_hours = 3\n", fails=Infeasible)


def best_cell(told):
    return next(c["gid"] for c in told["changes"] if c["what"] == "add")


ONE = "[limits]\nnew_bases = 1\nmoves = 0\n"


def test_no_go_places_and_areas_caveats_and_seasons(ask):
    cell = best_cell(ask(ONE))
    lon, lat = (float(v) for v in lattice.centre(cell))
    bar = f'{ONE}[[forbidden]]\nplace = "{lon},{lat}"\nreason = "no consent"\n'
    told = ask(bar)
    assert best_cell(told) != cell
    assert any("no consent" in name for name in told["binding"])
    assert best_cell(ask(bar + 'season = "wet"\n')) != cell, "the year ahead has its rains"
    assert best_cell(ask(bar + 'unit = "Alpha"\n')) == cell
    assert best_cell(ask(bar + 'kind = "tob"\n')) != cell
    assert best_cell(ask(bar + 'contributor = "Nepal"\n')) == cell
    east = ask(f'{ONE}[[forbidden]]\narea = "East"\nkind = "helicopter"\n')
    assert best_cell(east) == cell


def test_a_contributors_caveat_keeps_its_units_out(ask):
    text = "[limits]\nnew_bases = 0\nmoves = 3\n"
    assert any(c["area"] == "East" for c in ask(text)["changes"] if c["unit"] in ("Alpha", "Wing"))
    told = ask(text + '[[forbidden]]\narea = "East"\ncontributor = "Ghana"\nreason = "caveat"\n')
    assert all(c["area"] != "East" for c in told["changes"] if c["unit"] in ("Alpha", "Wing"))


def test_what_stands_where_nothing_may_has_to_go(ask):
    text = '[limits]\nnew_bases = 0\nmoves = {}\n[[forbidden]]\nplace = "Bravo"\nreason = "host state"\n'
    told = ask(text.format(1))
    assert list(where(told)) == ["Bravo"]
    assert told["broken_now"] == ["nobody in Bravo (host state)"]
    assert "nobody in Bravo (host state)" in ask(text.format(0), fails=Infeasible)


def test_fixed_units_stay_or_go_where_they_must(ask):
    text = "[limits]\nnew_bases = 0\nmoves = 3\n"
    names = list(STAND)
    stay = ask(text + "".join(f'[[fixed]]\nunit = "{n}"\n' for n in names))
    assert stay["changes"] == []
    told = ask(text + '[[fixed]]\nunit = "Bravo"\nplace = "20.25,6.75"\nreason = "agreement"\n')
    assert where(told)["Bravo"] == int(lattice.gid_at(20.25, 6.75))
    watch = ask(text + '[[fixed]]\nunit = "Watch"\nplace = "20.75,6.25"\n')
    assert where(watch)["Watch"] == int(lattice.gid_at(20.75, 6.25)), "a unit that is not ours to send, but must"


def test_women_officers_and_languages_in_every_area(ask):
    text = "[limits]\nnew_bases = 0\nmoves = {}\n"
    told = ask(text.format(1) + '[[each_area]]\nhas = "women officers"\narea = "West"\n')
    (bravo,) = [c for c in told["changes"] if c["unit"] == "Bravo"]
    assert bravo["area"] == "West"
    every = '[[each_area]]\nhas = "sango"\n'
    assert "1 with sango in every area" in ask(text.format(3) + every, fails=Infeasible)
    assert "1 with sango in East" in ask(text.format(0) + every + 'area = "East"\n', fails=Infeasible)


def test_a_smallest_set_of_clashing_demands_is_named_and_no_bystander(ask):
    told = ask('[limits]\nnew_bases = 1\nmoves = 0\nbudget = 1000\n[[fixed]]\nunit = "Bravo"\nplace = "20.25,6.75"\n'
               '[[forbidden]]\narea = "East"\nkind = "qrf"\n', fails=Infeasible)  # fmt: skip
    assert "0 moves" in told
    assert "Bravo at cell" in told
    assert "budget" not in told
    assert "qrf" not in told


def test_limits_on_other_aims_hold(ask):
    text = "[limits]\nnew_bases = 2\nmoves = 2\n[cost]\ntob = 1\n"
    free = ask(text)
    told = ask(text + f"[at_most]\nworst_area = {free['aims']['worst-area']}\n", "--objective", "disruption")
    assert told["aims"]["worst-area"] <= free["aims"]["worst-area"] + 1e-9
    assert told["aims"]["disruption"] <= free["aims"]["disruption"]
    assert "worst_area at most 0" in ask(text + "[at_most]\nworst_area = 0\n", fails=Infeasible)


def test_gradual_cover_and_backup(ask):
    steps = "".join(
        f"[[reach]]\nhours = {h}\nshare = {s}\nbackup = {b}\n"
        for h, s, b in ((1.6, 0.5, "false"), (12, 0.3, "false"), (12, 0.2, "true"))
    )
    told = ask(ONE + steps)
    plain = ask(ONE)
    assert told["aims_now"]["harm"] != pytest.approx(plain["aims_now"]["harm"])
    assert told["aims"]["harm"] < told["aims_now"]["harm"]
    assert "must add to 1" in ask(ONE + "[[reach]]\nhours = 2\nshare = 0.5\n", fails=BadFile)


@pytest.mark.parametrize(
    ("text", "why", "error"),
    [
        ("[limits]\nmovse = 3\n", "'movse' is not in the form", BadFile),
        ("[limits]\nmoves = -1\n", "moves is -1; give a whole number", BadFile),
        ("[limits]\nbudget = nan\n", "budget is nan", BadFile),
        ("[limits]\nbudget = 'much'\n", "give a number", BadFile),
        ("[limits]\nnew_bases = 50\n", "more than 20", BadFile),
        ("[limits\n", "cannot be read as TOML", BadFile),
        ("limits = 3\n", r"write \[limits\]", BadFile),
        ("[forbidden]\nplace = 'x'\n", r"write \[\[forbidden\]\]", BadFile),
        ("[[forbidden]]\nreason = 'x'\n", "either a place or an area", BadFile),
        ("[[forbidden]]\nplace = 'x'\nseason = 'cold'\n", "'dry' or 'wet'", BadFile),
        ("[[forbidden]]\nplace = 'x'\nkind = 'tank'\n", "'tank' is no kind", BadFile),
        ("[[forbidden]]\narea = 'North'\n", "the area 'North'", NotFound),
        ("[[forbidden]]\nplace = 'Atlantis'\n", "called 'Atlantis'", NotFound),
        ("[[fixed]]\nunit = 'Zulu'\n", "the unit 'Zulu'", NotFound),
        ("[[fixed]]\nplace = '21,6'\n", "needs unit", BadFile),
        ("[[fixed]]\nunit = 'Alpha'\nplace = '50,6'\n", "outside the mission", BadInput),
        ("[[each_area]]\nleast = 2\n", "needs has", BadFile),
        ("[[reach]]\nhours = 0\nshare = 1.0\n", "above zero", BadFile),
        ("[cost]\ntank = 3\n", "'tank' is not in the form", BadFile),
    ],
)
def test_a_request_with_a_fault_is_refused_with_where(ask, text, why, error):
    assert re.search(why, ask(text, fails=error))


def test_a_request_that_is_not_there(tocsin, tmp_path):
    assert "none.toml cannot be read" in tocsin("plan", "--request", tmp_path / "none.toml", fails=BadFile)
    assert "no objective" in tocsin("plan", "--objective", "fame", fails=BadInput)


def test_for_people_it_reads(ask):
    said = ask(ONE, as_json=False)
    for word in ("Aims", "Changes", "no plan below", "Binds:", "Second best"):
        assert word in said


def test_danger_slows_the_way_and_never_helps(records, planned, tocsin, tmp_path):
    road = {"type": "Feature", "properties": {"class": "trunk"},
            "geometry": {"type": "LineString", "coordinates": [(20.05, 5.255), (21.95, 5.255)]}}  # fmt: skip
    (tmp_path / "roads.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [road]}))
    tocsin("plan", "ground", "add", "roads", tmp_path / "roads.geojson", "--known", "2015-01-01", "--licence", "ODbL")
    here = situation(records, planned, NOW)
    assert here.danger.max() > 0
    plain, slowed = (
        ground_of(records, planned, here, Wish(danger=flag), here.risk[None, :]).measure(here.units, here.month + 1)
        for flag in (False, True)
    )
    assert np.all(slowed >= plain - 1e-9)
    assert np.any(slowed > plain + 0.01)
    told = tocsin("plan", "--objective", "harm", "--moves", "0", "--additional", "0", "--danger")
    assert told["slow_in_danger"]
