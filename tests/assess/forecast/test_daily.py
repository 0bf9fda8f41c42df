import numpy as np
import pytest

from tocsin.assess.forecast import stream
from tocsin.assess.forecast.additive import fit_rates, log_likelihood
from tocsin.assess.forecast.daily import (
    Chance,
    Days,
    Excitation,
    Past,
    around,
    before,
    fit,
    fit_chance,
    level,
    outlook,
    simulate,
    standard_errors,
    states,
)
from tocsin.assess.forecast.residuals import residuals
from tocsin.assess.forecast.today import chances_today, states_today
from tocsin.assess.panel.dated import on_campaign
from tocsin.core.errors import BadInput
from tocsin.core.lattice import adjacency, gid_at

LON, LAT = np.meshgrid(np.arange(18.25, 22, 0.5), np.arange(4.25, 7, 0.5))
GIDS = np.sort(gid_at(LON.ravel(), LAT.ravel()))


def test_kernel_sums_by_hand():
    plane = np.array([[1.0], [0.0], [2.0]], dtype=np.float32)
    assert before(plane, 1).ravel().tolist() == [0, 0.5, 0.25, 1.125]


def test_parameters_are_recovered_within_their_intervals():
    days = simulate(GIDS, 4000, 0.002, {2.0: 0.3, 45.0: 0.35}, 0.25, stream(4, "hawkes"))
    ring = adjacency(GIDS) / 8
    own = days.plane(True)
    states = [before(own, h) for h in (2.0, 45.0)]
    planes = [np.ones_like(states[0]), states[0], states[0] @ ring.T, states[1], states[1] @ ring.T]
    late = days.day >= 365
    x = np.stack([p[days.day[late], days.cell[late]] for p in planes], axis=1).astype(float)
    b = fit_rates(x, np.array([p[365:-1].sum(dtype=float) for p in planes]), sweeps=3000)
    error = standard_errors(x, b)
    truth = np.array([0.002, 0.225, 0.075, 0.2625, 0.0875])
    assert (np.abs(b - truth) < 3 * error).all(), (b, error)
    assert (error < 0.06).all()


def test_the_likelihood_equals_a_slow_reference():
    days = simulate(GIDS[:6], 300, 0.02, {10.0: 0.5}, 0.0, stream(2, "hawkes"))
    own = days.plane(True)
    state = before(own, 10.0)
    b = np.array([0.02, 0.5])
    x = np.stack([np.ones(len(days.day)), state[days.day, days.cell].astype(float)], axis=1)
    exposure = np.array([own.size, state[:-1].sum(dtype=float)])
    q = 0.5 ** (1 / 10)
    slow = 0.0
    for day in range(300):
        for cell in range(6):
            past = [(day - d) for d, c in zip(days.day, days.cell, strict=True) if c == cell and d < day]
            rate = 0.02 + 0.5 * sum((1 - q) * q ** (gap - 1) for gap in past)
            slow += own[day, cell] * np.log(rate) - rate
    assert log_likelihood(b, x, exposure) == pytest.approx(slow, rel=1e-5)


def test_forecasts_are_about_right_in_sum_and_blind_to_the_future():
    days = simulate(GIDS, 2500, 0.002, {2.0: 0.3, 45.0: 0.35}, 0.25, stream(9, "hawkes"))
    model = fit(days.until(2000), warm_up=365)
    origins = np.arange(2000, 2480, 14)
    stood = states(days, origins)
    expected = sum(model.expected_from(state, 14).sum() for state in stood)
    assert np.array_equal(stood[3], states(days.until(int(origins[3])), origins[3:4])[0])
    observed = ((days.day >= 2000) & (days.day < 2000 + 14 * 35)).sum()
    assert expected == pytest.approx(observed, rel=0.35)
    moved = Days(days.gids, days.n_days, np.where(days.day >= 2000, 2400, days.day), days.cell, days.own)
    assert fit(moved.until(2000), warm_up=365).weights.tobytes() == model.weights.tobytes()
    assert model.expected(moved.until(2000), 7).tobytes() == model.expected(days.until(2000), 7).tobytes()
    names = Past(days.until(100)).names
    assert len(names) == len(set(names)) == len(model.weights)


def test_chance_of_bursts_is_found_again():
    rng = stream(7, "chance")
    expected = rng.gamma(0.5, 0.4, 40_000)
    truth = Chance(0.8, 0.6)
    happened = rng.random(len(expected)) < truth.of(expected)
    found = fit_chance(expected, happened)
    assert found.of(expected).sum() == pytest.approx(happened.sum(), rel=0.01)
    assert found.of(np.array([0.1, 1.0])) == pytest.approx(truth.of(np.array([0.1, 1.0])), rel=0.08)
    assert fit_chance(expected, np.zeros(len(expected), bool)).of(np.array([0.5])) == pytest.approx(1 - np.exp(-0.5))


def test_level_by_hand():
    # one cell, a rate of 0.1 a day everywhere: 36.5 expected in the year before, 73 seen
    gids = GIDS[:1]
    day = np.sort(np.r_[np.arange(0, 365, 5), np.full(73, 400)])
    days = Days(gids, 800, day, np.zeros(len(day), int), np.ones(len(day), bool))
    names = Past(days).names
    weights = np.where(np.array(names) == "everywhere", 0.1, 0.0)
    model = Excitation(tuple(names), np.zeros(len(names)), weights, weights)
    assert level(days, model, np.array([365, 735]), 20.0) == pytest.approx([(73 + 20) / 56.5, (73 + 20) / 56.5])
    assert level(days, model, np.array([0]), 20.0) == pytest.approx([1.0])


def test_an_outlook_is_calibrated_and_blind_to_the_future():
    days = simulate(GIDS, 3200, 0.002, {2.0: 0.3, 45.0: 0.3}, 0.25, stream(5, "outlook"))
    past = days.until(2600)
    view = outlook(past, (7, 28))
    when = np.arange(2600, 3150, 7)
    chances = view.chances(days, when)
    for ahead, found in chances.items():
        happened = np.stack([days.plane(True)[w : w + ahead].sum(axis=0) > 0 for w in when])
        assert found.sum() / happened.sum() == pytest.approx(1, abs=0.25), ahead
        assert ((found >= 0) & (found < 1)).all()
    later = days.until(3000)
    assert np.array_equal(view.chances(later, when[when < 3000])[7], chances[7][when < 3000])
    assert outlook(days.until(2600), (7, 28)).chance == view.chance


def test_a_day_of_a_continent_needs_only_the_list_of_events():
    days = simulate(GIDS, 3000, 0.002, {2.0: 0.3, 45.0: 0.3}, 0.25, stream(11, "today"))
    kind = stream(12, "kinds").random(len(days.day)) < 0.7
    marked = stream(13, "marks").random(len(days.day)) < 0.4
    days = Days(days.gids, days.n_days, days.day, days.cell, kind, marked)
    view = outlook(days.until(2600), (7, 28))
    ground = around(GIDS)
    for end in (2600, 2777):
        known = days.until(end)
        dense = view.chances(known, np.array([end]))
        names, state = states_today(known, ground)
        assert names == Past(known).names
        assert state == pytest.approx(states(known, np.array([end]))[0], rel=1e-4, abs=1e-7)
        for ahead, found in chances_today(known, view, ground).items():
            assert found == pytest.approx(dense[ahead][0], rel=1e-4)
    with pytest.raises(BadInput, match="different cells"):
        chances_today(days, view, around(GIDS[:5]))
    nobody = Days(GIDS, 2000, np.empty(0, int), np.empty(0, int), np.empty(0, bool))
    assert np.isfinite(chances_today(nobody, view, ground)[7]).all()


def test_residuals_tell_a_right_process_from_one_that_does_not_know_of_bursts():
    days = simulate(GIDS, 4000, 0.002, {2.0: 0.3, 45.0: 0.35}, 0.25, stream(21, "residuals"))
    model = fit(days, warm_up=365)
    right = residuals(days, model, 30, 365)
    low, high = right.band
    assert low < right.dispersion < high
    assert right.expected.sum() == pytest.approx(right.counted.sum(), rel=0.02)
    flat = np.array([name == "everywhere" for name in model.names]) * right.counted.sum() / (3635 * len(GIDS))
    wrong = residuals(days, Excitation(model.names, model.half_lives, flat, flat), 30, 365)
    assert wrong.expected.sum() == pytest.approx(wrong.counted.sum(), rel=0.01)
    assert wrong.dispersion > 2 * high
    with pytest.raises(BadInput, match="fewer"):
        residuals(days.until(400), model, 40, 365)


def test_who_is_on_campaign_is_told_from_earlier_days_alone():
    rng = stream(8, "actors")
    day, actors = rng.integers(0, 400, 300), rng.integers(-1, 12, (300, 2))
    found = on_campaign(day, actors, 20)
    for i in range(300):
        before_it = [
            j for j in range(300)
            if 0 < day[i] - day[j] <= 20 and {a for a in actors[i] if a >= 0} & {a for a in actors[j] if a >= 0}
        ]  # fmt: skip
        assert found[i] == bool(before_it)
    early = day < 200
    assert np.array_equal(on_campaign(day[early], actors[early], 20), found[early]), "later events mark no earlier one"
    assert not on_campaign(day, np.full((300, 2), -1)).any()
    assert len(on_campaign(day[:0], actors[:0])) == 0


def test_events_of_a_campaign_that_set_off_more_are_told_apart():
    # Every marked event is followed by another in its cell the next days, others by nothing.
    rng = stream(9, "marks")
    day, cell, marked = rng.integers(0, 3900, 900), rng.integers(0, len(GIDS), 900), rng.random(900) < 0.5
    child = marked & (rng.random(900) < 0.8)
    after = day[child] + 1 + rng.geometric(1 / 14, int(child.sum()))
    days = Days(
        GIDS, 4000, np.concatenate([day, after]), np.concatenate([cell, cell[child]]),
        np.ones(len(day) + len(after), bool), np.concatenate([marked, np.zeros(len(after), bool)]),
    ).until(4000)  # fmt: skip
    model = fit(days)
    weight = dict(zip(model.names, model.weights, strict=True))
    from_marked = sum(weight[f"campaign {h:g}"] for h in (10.0, 45.0))
    assert from_marked > 0.5 > 0.2 > sum(weight[f"own {h:g}"] for h in (2.0, 10.0, 45.0))
    assert model.marked == pytest.approx(marked.sum() / len(days.day), abs=0.02)
    # Without marks the source never was, and weighs nothing.
    plain = fit(Days(days.gids, days.n_days, days.day, days.cell, days.own))
    assert [w for n, w in zip(plain.names, plain.weights, strict=True) if n.startswith("campaign")] == [0] * 6
