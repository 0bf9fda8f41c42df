import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.plan.drawdown.contingency import fewest_bases
from tocsin.plan.drawdown.trigger import (
    Quiet,
    calibrate,
    counts,
    cusum,
    delay,
    moving_average,
    quiet_of,
    single_month,
)


def test_the_statistic_on_paper():
    # Nearly Poisson with mean 1: a rise of 3 gains y log 3 - 2 each month, and 4 events are the most telling for 6.
    quiet = Quiet(1.0, 1e-9, 24)
    assert cusum(quiet, np.array([0, 0])).tolist() == [0.0, 0.0]
    assert cusum(quiet, np.array([3]))[0] == pytest.approx(3 * np.log(3) - 2, rel=1e-4)
    rising = cusum(quiet, np.array([2, 2, 2]))
    assert np.all(np.diff(rising) > 0)
    assert moving_average(quiet, np.array([3, 6, 6])).tolist() == [5 / 3, 10 / 3, 5]
    assert cusum(quiet, np.array([3, np.nan]))[1] == pytest.approx(cusum(quiet, np.array([3]))[0])


def test_quiet_is_learned_with_doubt():
    assert quiet_of(np.zeros(24)).mean == pytest.approx(0.5 / 24)
    even, bunched = quiet_of([2, 3] * 12), quiet_of([0, 0, 0, 0, 0, 15] * 4)
    assert even.mean == bunched.mean
    assert even.spread < bunched.spread
    with pytest.raises(BadInput, match="six months"):
        quiet_of([1, 2])


def population(seed, areas=60, series=40, months=24):
    """Areas whose mean and spread are not known to the watch, each with series that stay quiet."""
    rng = np.random.default_rng(seed)
    for _ in range(areas):
        mean, spread = np.exp(rng.normal(0, 1)), np.exp(rng.normal(0, 0.5))
        yield rng, mean, spread, quiet_of(counts(rng, mean, spread, (1, 24))[0]), series, months


@pytest.mark.parametrize("stated", [0.1, 0.3])
def test_false_alarms_are_as_rare_as_stated(stated):
    raised = []
    for rng, mean, spread, quiet, series, months in population(5):
        watch = calibrate(quiet, rng, months=months, false_alarm=stated, draws=1000)
        raised.append(np.mean(watch.first(counts(rng, mean, spread, (series, months))) >= 0))
    error = np.std(raised) / np.sqrt(len(raised))
    assert np.mean(raised) <= stated + 2 * error


def test_it_sees_a_known_change_sooner_than_the_usual_rules_at_equal_false_alarms():
    late = {rule: [] for rule in (cusum, single_month, moving_average)}
    for rng, mean, spread, quiet, series, _ in population(6, areas=40):
        rise = counts(rng, 3 * mean, spread, (series, 12))
        for rule, found in late.items():
            watch = calibrate(quiet, np.random.default_rng(0), rule=rule, draws=1000)
            at = watch.first(np.concatenate([counts(rng, mean, spread, (series, 6)), rise], axis=1), rng)
            at = at[(at < 0) | (at >= 6)]
            found += np.where(at < 0, 12, at - 5).tolist()
    mean = {rule: np.mean(found) for rule, found in late.items()}
    assert mean[cusum] < mean[single_month] - 0.5
    assert mean[cusum] < mean[moving_average]


def test_delays_fall_with_the_rise_and_the_next_alarm_is_named():
    quiet = quiet_of([1, 0, 2, 1, 1, 0, 3, 1] * 3)
    watch = calibrate(quiet, np.random.default_rng(1))
    small, large = (delay(watch, np.random.default_rng(2), ratio) for ratio in (2.0, 6.0))
    assert large.mean < small.mean
    assert large.within > small.within
    need = watch.raises_next(np.array([1, 0]))
    assert watch.first(np.array([1, 0, need])) == 2
    assert watch.first(np.array([1, 0, need - 1])) == -1
    with pytest.raises(BadInput, match="between 0 and 1"):
        calibrate(quiet, np.random.default_rng(1), false_alarm=0.0)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), min_size=3, max_size=12), st.integers(0, 11))
def test_one_event_more_never_lowers_the_evidence(seen, where):
    quiet = Quiet(1.5, 0.8, 24)
    more = np.array(seen)
    more[where % len(seen)] += 1
    assert np.all(cusum(quiet, more) >= cusum(quiet, np.array(seen)) - 1e-12)


@settings(max_examples=40)
@given(st.data())
def test_the_fewest_bases_are_the_fewest(data):
    n = data.draw(st.integers(2, 5))
    bits = st.lists(st.booleans(), min_size=n, max_size=n)
    reach = np.array([data.draw(bits) for _ in range(4)])
    weight = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=float)
    held = np.array(data.draw(bits))
    floor = data.draw(st.sampled_from([0.3, 0.5, 0.9, 1.0]))
    found, enough, proven = fewest_bases(weight, held, reach, floor)
    assert proven
    good = [
        bin(mask).count("1")
        for mask in range(16)
        if weight[held | reach[[k for k in range(4) if mask >> k & 1]].any(axis=0)].sum() >= floor * weight.sum() - 1e-9
    ]
    assert enough == bool(good)
    if good:
        assert len(found) == min(good)
        assert weight[held | reach[found].any(axis=0)].sum() >= floor * weight.sum() - 1e-9


def test_bases_that_do_together_are_found_where_one_after_another_does_not():
    # Six rows of a square do it. The first base one would take reaches most of three rows and spoils that: seven.
    square = np.arange(36).reshape(6, 6)
    reach = np.zeros((7, 36), dtype=bool)
    for row in range(6):
        reach[row, square[row]] = True
    reach[6, square[:3, :5].ravel()] = True
    weight, none = np.ones(36), np.zeros(36, dtype=bool)
    found = fewest_bases(weight, none, reach, 1.0)
    assert sorted(found.sites) == [0, 1, 2, 3, 4, 5]
    assert found.enough
    assert found.proven
    # And where six rows are not enough, that is said, and is proven.
    more = np.zeros((8, 42), dtype=bool)
    more[:7, :36], more[7, 36:] = reach, True
    assert fewest_bases(np.ones(42), np.zeros(42, dtype=bool), more, 1.0)[1:] == (False, True)
