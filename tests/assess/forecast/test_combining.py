"""How opinions are put together: CRPS-stacking and calibration, against closed forms and slow sums."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.assess.forecast.test_cells import GIDS
from tocsin.assess.forecast import Forecast, stream
from tocsin.assess.forecast.calibrate import AS_SAID, LEAST_SLOPE, curve
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.sizes import Sizes, sizes
from tocsin.assess.forecast.stacking import Terms, on_simplex, shares, terms
from tocsin.assess.panel import Panel
from tocsin.learn.record import score

LAW = sizes(np.array([1.0, 3.0, 20.0]), np.array([5.0, 3.0, 2.0]))
EVEN = (np.arange(2000) + 0.5) / 2000


def test_the_crps_of_a_mixture_is_that_of_its_draws():
    # Draws that are the distributions exactly: hurdles of 0.2 and 0.5 in 10,000 columns, a history of four months.
    each, history = LAW.at(EVEN), np.array([[0.0], [0.0], [7.0], [2.0]])
    columns = [np.concatenate([np.tile(each, n), np.zeros(10_000 - 2000 * n)]) for n in (1, 2)]
    columns.append(np.repeat(history[:, 0], 2500))
    for y in (0.0, 2.0, 50.0):
        found = terms(np.array([[0.2], [0.4]]), LAW, [history], np.array([y]))
        for w in ([1.0, 0, 0], [0.2, 0.3, 0.5], [0, 0.5, 0.5]):
            draws = np.concatenate([np.repeat(c, round(10 * s)) for c, s in zip(columns, w, strict=True)])
            forecast = Forecast(GIDS[:1], 1, np.array([1]), "os", "mix", csr_matrix(draws[None]), np.array([True]))
            assert found.crps(np.array(w)) == pytest.approx(score(forecast, np.array([[y]])).crps[0], rel=1e-5)


def test_stacking_recovers_the_mixture_that_made_the_data():
    rng = np.random.default_rng(1)
    truth = np.array([0.3, 0.7])
    p = np.stack([rng.uniform(0, 0.2, 200_000), rng.uniform(0, 0.9, 200_000)])
    y = np.where(rng.random(p.shape[1]) < truth @ p, LAW.at(rng.random(p.shape[1])), 0.0)
    assert shares(terms(p, LAW, [], y), 0) == pytest.approx(truth, abs=0.03)
    assert shares(terms(p, LAW, [], y), 1e6) == pytest.approx([0.5, 0.5], abs=1e-3)
    # A member that is never right, and months nobody looked at, weigh nothing.
    useless = np.full((1, p.shape[1]), 0.95)
    y[:1000] = np.nan
    found = terms(np.concatenate([p, useless]), LAW, [], y)
    assert found.rows == p.shape[1] - 1000
    assert shares(found, 0) == pytest.approx([*truth, 0], abs=0.03)
    best = shares(found, 0)
    rivals = rng.dirichlet(np.ones(3), 300)
    assert all(found.crps(best) <= found.crps(w) + 1e-12 for w in rivals)


def test_shares_of_nothing_are_equal_and_a_history_may_win():
    assert shares(Terms(np.zeros(3), np.zeros((3, 3)), 0)).tolist() == [1 / 3] * 3
    right = np.array([[0.0, 4.0], [0.0, 4.0]])  # one cell never, the other always
    found = terms(np.array([[0.5, 0.5]]), Sizes(np.array([4.0]), np.array([1.0])), [right], np.array([0.0, 4.0]))
    assert shares(found, 0) == pytest.approx([0, 1])
    assert on_simplex(np.array([0.2, 0.3])).tolist() == pytest.approx([0.45, 0.55])


def test_calibration_rises_keeps_the_order_and_the_sum_and_finds_the_shape():
    rng = np.random.default_rng(2)
    said = np.exp(rng.uniform(np.log(1e-3), np.log(0.5), 200_000))
    really = 0.5 * said**0.8
    hit = (rng.random(len(said)) < really).astype(float)
    found = curve(said, hit)
    grid = np.geomspace(1e-6, 0.99, 500)
    got = found.of(grid)
    assert np.all(np.diff(got) > 0), "no two chances become one, so the order of cells stays"
    assert np.all(np.diff(np.log(got)) >= LEAST_SLOPE * np.diff(np.log(grid)) - 1e-9)
    assert found.of(said).sum() == pytest.approx(said.sum(), rel=0.01), "the sum is not its business"
    middle = np.array([0.02, 0.4])
    assert found.of(middle)[1] / found.of(middle)[0] == pytest.approx((middle[1] / middle[0]) ** 0.8, rel=0.15)
    falling = curve(said, (rng.random(len(said)) < 0.2 * (1 - said)).astype(float))
    assert np.all(np.diff(falling.of(grid)) > 0), "also where the chances were upside down"


def test_too_little_to_calibrate_leaves_chances_as_said():
    p = np.array([0.0, 0.1, 0.9, 1.0])
    assert curve(p, np.array([0, 0, 1, np.nan])) is AS_SAID
    assert AS_SAID.of(p) == pytest.approx(p)
    many = np.tile(p, 100)
    found = curve(many, (many > 0.5).astype(float))
    assert found.of(np.array([0.0]))[0] == 0
    assert np.isfinite(found.of(p)).all()
    assert found.of(p).max() < 1


def test_shares_and_calibration_cannot_see_past_the_origin():
    rng = np.random.default_rng(5)
    plane = np.zeros((190, len(GIDS)), dtype=np.float32)
    for month in range(1, 190):
        rate = 0.02 + 0.4 * (plane[month - 1] > 0)
        plane[month] = (rng.random(len(GIDS)) < rate) * rng.geometric(0.1, len(GIDS))
    later = plane.copy()
    later[182:] = rng.permutation(later[182:]) + 5
    one, two = (Cells(n_draws=100, rounds=20).fit(Panel(GIDS, 1, {"os": p}).until(182), "os") for p in (plane, later))
    assert 0 < one.share < 1
    assert len(one.calibration.said)
    assert (one.share, one.calibration.seen.tobytes()) == (two.share, two.calibration.seen.tobytes())
    draws = [f.predict(np.array([1, 7]), stream(1, "same")).draws for f in (one, two)]
    assert draws[0].data.tobytes() == draws[1].data.tobytes()
