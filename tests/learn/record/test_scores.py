import csv
import gzip
import importlib
import sys
from types import ModuleType

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tocsin.assess.forecast import Forecast
from tocsin.core.errors import BadInput
from tocsin.learn.record import METRICS, average_precision, pit_histogram, reliability, score, summary, top_share
from tocsin.learn.record.scores import IGN_DRAWS


def of(dense, steps=(1,), known=None):
    dense = np.asarray(dense, dtype=np.float32)
    cells = len(dense) // len(steps)
    known = np.ones(cells, bool) if known is None else np.asarray(known)
    return Forecast(np.arange(cells), 400, np.asarray(steps), "os", "test", csr_matrix(dense), known)


@pytest.fixture(scope="module")
def scoringrules() -> ModuleType:
    """An independent package; with numba in reach it compiles all of itself, with NumPy it counts the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        return importlib.import_module("scoringrules")


@pytest.fixture
def random_case():
    rng = np.random.default_rng(3)
    draws = np.where(rng.random((2 * 40, 50)) < 0.4, rng.geometric(0.1, (80, 50)), 0).astype(float)
    observed = np.where(rng.random((2, 40)) < 0.4, rng.geometric(0.1, (2, 40)), 0).astype(float)
    return draws, observed


def test_crps_equals_an_independent_package(random_case, scoringrules):
    draws, observed = random_case
    rows = score(of(draws, (1, 2)), observed)
    expect = scoringrules.crps_ensemble(observed.ravel(), draws, estimator="nrg")
    assert np.allclose(rows.crps, expect)


def test_the_interval_score_equals_an_independent_package(random_case, scoringrules):
    draws, observed = random_case
    rows = score(of(draws, (1, 2)), observed)
    low, high = np.quantile(draws, [0.05, 0.95], axis=1)
    assert np.allclose(rows.mis, scoringrules.interval_score(observed.ravel(), low, high, 0.1))


def test_brier_equals_an_independent_package(random_case, scoringrules):
    draws, observed = random_case
    rows = score(of(draws, (1, 2)), observed)
    expect = scoringrules.brier_score((observed.ravel() > 0).astype(float), (draws > 0).mean(axis=1))
    assert summary(rows, ["brier"])["brier"] == pytest.approx(expect.mean())


def test_ignorance_by_hand_also_above_a_thousand_deaths():
    # Four draws: two zeros, 1 and 5000. One extra draw in each of 11 classes, scaled to 1,000 draws.
    f = of([[0, 0, 1, 5000]] * 4)
    rows = score(f, np.array([[0.0, 2.0, 1500.0, 30.0]]))
    expect = -np.log2(np.array([501, 251, 251, 1]) / (IGN_DRAWS + 11))
    assert np.allclose(rows.ign, expect)


@pytest.mark.parametrize("level", ["pgm", "cm"])
@pytest.mark.parametrize("year", [2018, 2019, 2020])
def test_always_zero_gets_the_published_scores_to_the_last_digit(shared, level, year):
    # Monthly values are not published. Zero's CRPS and MIS are linear in deaths, so the year's total spread in any
    # way over its months gives the published score; its IGN depends only on how many unit-months have deaths.
    with (shared / "views" / "views_challenge_published_scores_2018_2020.csv").open(newline="") as opened:
        published = {
            r["metric"]: float(r["value"])
            for r in csv.DictReader(opened)
            if (r["level"], r["window"], r["model"]) == (level, f"Y{year}", "zero")
        }
    name = f"views_actuals_{level}_year_2018_2020.csv" + (".gz" if level == "pgm" else "")
    reader = gzip.open if level == "pgm" else open
    with reader(shared / "views" / name, "rt", newline="") as opened:
        deaths = np.array([float(r["ged_sb"]) for r in csv.DictReader(opened) if int(r["year"]) == year])
    observed = np.zeros((12, len(deaths)))
    observed[6] = deaths
    f = Forecast(
        np.arange(len(deaths)),
        456,
        np.arange(1, 13),
        "sb",
        "zero",
        csr_matrix((len(deaths), 1), dtype=np.float32),
        np.ones(len(deaths), bool),
    )
    rows = score(f, observed)
    got = summary(rows, ["crps", "mis"])
    assert got["crps"] == pytest.approx(published["crps"], rel=1e-14)
    assert got["mis"] == pytest.approx(published["mis"], rel=1e-14)
    right, wrong = rows.ign.min(), rows.ign.max()
    positive = (published["ign"] - right) / (wrong - right) * len(rows)
    assert positive == pytest.approx(round(positive), abs=1e-6)
    assert (deaths > 0).sum() <= round(positive) <= 12 * (deaths > 0).sum()


def test_what_is_not_known_is_not_judged():
    rows = score(of([[0, 1], [0, 1], [0, 1]], known=[True, True, False]), np.array([[np.nan, 1, 1]]))
    assert rows.gid.tolist() == [1]
    with pytest.raises(BadInput):
        score(of([[0, 1]]), np.array([[-1.0]]))
    with pytest.raises(BadInput):
        score(of([[0, 1]]), np.zeros((2, 1)))


def test_a_misspelt_measure_is_an_error(random_case):
    draws, observed = random_case
    rows = score(of(draws, (1, 2)), observed)
    with pytest.raises(BadInput, match="crsp"):
        summary(rows, ["crsp"])
    assert all(np.isfinite(v) for v in summary(rows).values() if not np.isnan(v))
    assert len(summary(rows)) == len(METRICS)


def test_average_precision_treats_ties_as_one_threshold():
    hit = np.array([True, False, False, True])
    assert average_precision(hit, np.zeros(4)) == 0.5
    assert average_precision(hit, np.array([4.0, 1, 2, 3])) == 1
    # Ranked 1st and 4th: (1 + 2/4) / 2.
    assert average_precision(hit, np.array([4.0, 3, 2, 1])) == 0.75
    assert np.isnan(average_precision(np.zeros(3, bool), np.zeros(3)))


def test_deaths_in_the_riskiest_cells():
    f = of([[2.0], [1.0], [1.0], [0.0]])
    rows = score(f, np.array([[3.0, 1.0, 0.0, 4.0]]))
    assert top_share(rows, 0.25) == 3 / 8
    # The second place is shared by two cells: half of each.
    assert top_share(rows, 0.5) == (3 + 0.5) / 8
    assert top_share(rows, 1.0) == 1


def test_a_calibrated_forecast_has_a_flat_pit_and_covers_what_it_says():
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.3, 2, size=3000)
    draws = rng.poisson(rate[:, None], (3000, 400))
    rows = score(of(draws), rng.poisson(rate)[None].astype(float))
    assert pit_histogram(rows) == pytest.approx(np.full(10, 0.1), abs=0.02)
    got = summary(rows, ["coverage", "coverage_pit", "mean_ratio"])
    assert got["coverage_pit"] == pytest.approx(0.9, abs=0.02)
    assert got["coverage"] > 0.92
    assert got["mean_ratio"] == pytest.approx(1, abs=0.05)
    drawn = reliability(rows, bins=4)
    assert drawn["observed"] == pytest.approx(drawn["forecast"], abs=0.1)
    # A forecast that is too sure does not cover.
    sure = score(of(np.repeat(draws[:, :1], 400, axis=1)), rng.poisson(rate)[None].astype(float))
    assert summary(sure, ["coverage_pit"])["coverage_pit"] < 0.8
