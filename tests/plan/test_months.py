"""Several months: the moves found are those of trying every schedule by hand."""

import itertools

import numpy as np
import pytest
from tests.conftest import NOW

from tocsin.core import lattice
from tocsin.core.errors import BadInput, Infeasible, NoData, NotFound
from tocsin.core.geometry import distance_km
from tocsin.plan.actions import largest_places, latest_assessment
from tocsin.plan.months import _by_month, months_ahead
from tocsin.plan.situation import situation
from tocsin.store import open_store, writing


def test_two_months_are_the_best_of_every_schedule_by_hand(tocsin, records, planned):
    limit, lost = 4.0, 0.25
    told = tocsin("plan", "months", "--ahead", 2, "--moves", 1, "--lost", lost, "--hours", limit)
    here = situation(records, planned, NOW)
    x, y = largest_places(records, here.gids)
    risk = _by_month(records, planned, here, 2)
    assert (risk.sum(axis=0) <= here.risk + 1e-9).all(), "no more than over the whole horizon"
    reach = 1.0 + distance_km(x[:, None], y[:, None], x[None, :], y[None, :]) / 20 <= limit  # as slow as a base
    away = distance_km(20.25, 5.25, x, y)
    risk[:, (away <= 200) & (1 + away / 200 <= limit)] = 0.0  # the wing holds these
    start = [int(np.flatnonzero(here.gids == lattice.gid_at(*p))[0]) for p in ((20.25, 5.25), (21.75, 6.75))]

    def after(at):
        yield at, None
        for unit, place in itertools.product((0, 1), range(16)):
            if place != at[unit]:
                yield [place if u == unit else p for u, p in enumerate(at)], place

    def worth(t, at, moved):
        cost = 0.0 if moved is None else lost * risk[t][reach[moved]].sum()
        return float(risk[t][reach[at].any(axis=0)].sum() - cost)

    best = max(worth(0, one, m1) + worth(1, two, m2) for one, m1 in after(start) for two, m2 in after(one))
    assert told["before"] == pytest.approx(worth(0, start, None) + worth(1, start, None))
    assert told["value"] == pytest.approx(best)
    assert told["bound"] == pytest.approx(best)
    assert told["units_that_stay"] == ["Wing", "Watch"]
    assert told["months"] == ["2019-01", "2019-02"]
    for month in told["months"]:
        assert sum(m["month"] == month for m in told["moves"]) <= 1


def test_nobody_moves_where_none_may_and_the_rains_count(tocsin):
    still = tocsin("plan", "months", "--ahead", 7, "--moves", 0, "--hours", 2)
    assert still["moves"] == []
    assert still["value"] == pytest.approx(still["before"])
    assert still["seasons"] == ["dry"] * 5 + ["wet"] * 2
    assert "no plan above" in tocsin("plan", "months", "--ahead", 1, "--hours", 2, as_json=False)


def test_a_request_is_kept_to_in_every_month(records, planned, tmp_path):
    def plan(text=""):
        (tmp_path / "r.toml").write_text(text)
        return months_ahead(records, planned, NOW, 2, 1, limit_hours=4.0, request=tmp_path / "r.toml").summary

    free = plan()
    assert free["moves"], "left to itself it moves somebody"
    mover, gid = free["moves"][0]["unit"], free["moves"][0]["gid"]
    lon, lat = lattice.centre(gid)
    stays = plan(f'[[fixed]]\nunit = "{mover}"\n')
    assert all(m["unit"] != mover for m in stays["moves"])
    barred = plan(f'[[forbidden]]\nplace = "{lon},{lat}"\nseason = "dry"\n')
    assert all(m["gid"] != gid for m in barred["moves"])
    assert max(stays["value"], barred["value"]) <= free["value"] + 1e-9
    in_rains = plan(f'[[forbidden]]\nplace = "{lon},{lat}"\nseason = "wet"\n')
    assert in_rains["value"] == pytest.approx(free["value"]), "both months are dry"
    there = f'[[fixed]]\nunit = "{mover}"\nplace = "{lon},{lat}"\n'
    assert plan(there)["moves"][0] == free["moves"][0] | {"month": "2019-01"}
    for text, why, error in (
        (f"[limits]\nmoves = 0\n{there}", "allow more moves", Infeasible),
        ("[limits]\nbudget = 5\n", "not to budget", BadInput),
        ('[[fixed]]\nunit = "Nobody"\n', "'Nobody'", NotFound),
    ):
        with pytest.raises(error, match=why):
            plan(text)


def test_wishes_that_cannot_be(tocsin):
    for options, why, error in (
        (("--ahead", 0), "has 1 to 12", BadInput),
        (("--moves", -1), "zero or more", BadInput),
        (("--lost", 1.5), "from 0 to 1", BadInput),
        (("--hours", "nan"), "above zero", BadInput),
    ):
        assert why in tocsin("plan", "months", *options, fails=error)


def test_no_further_than_the_forecast_reaches(tocsin, planned):
    from tocsin.assess.actions import assess

    engine = open_store(planned.store_url)
    with writing(engine) as connection:
        month = latest_assessment(connection, planned, NOW, None).summary["as_of"]
        assess(connection, planned, NOW.replace(year=2027), horizon=2)
    engine.dispose()
    assert month == "2018-12"
    assert "reaches 2 months" in tocsin("plan", "months", "--ahead", 3, fails=NoData)
