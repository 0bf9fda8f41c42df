import numpy as np
import pytest
from scipy.stats import rankdata

from tocsin.assess.forecast import MODELS, forecast
from tocsin.assess.forecast.analogues import Analogues, country_features, lasting, moved
from tocsin.assess.forecast.faded import drawn_in, fading
from tocsin.assess.forecast.pool import country
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput


@pytest.fixture(scope="module")
def panel():
    """Thirty countries, a third at peace, a third at war, a third between."""
    rng = np.random.default_rng(3)
    level = np.repeat([0.0, 8.0, 200.0], 10) * np.exp(np.cumsum(rng.normal(0, 0.15, (150, 30)), axis=0))
    deaths = rng.poisson(level).astype(np.float32)
    return Panel(np.arange(1, 31), 1, {"deaths": deaths, "civilians": np.floor(deaths / 4)})


def test_draws_are_around_the_present_level_and_peace_stays_peace(panel):
    f = forecast(panel, "deaths", "analogues", horizon=6)
    recent = panel.counts["deaths"][-6:].mean(axis=0)
    assert f.mean()[0, :10].max() < 1
    assert np.median(f.quantiles([0.5])[0, 0, 20:] / recent[20:]) == pytest.approx(1, abs=0.5)
    assert (f.quantiles([0.95])[0, :, 20:] > recent[20:]).mean() > 0.7


def test_the_pool_ends_in_past_months_the_newer_the_likelier_and_further_ahead_no_newer(panel):
    """In each step one past month of all places, half-lives of 1, 2 and 3 months; a draw is one future."""
    f = forecast(panel, "deaths", "country", horizon=8)
    assert f.n_draws == 1200
    months = panel.counts["deaths"][::-1][:60].astype(float)
    ages = {}
    for step, half_life in ((1, 1), (3, 2), (8, 3)):
        past = f.step_draws(step)[:, 720:].toarray()
        weight = fading(step, np.arange(60))
        assert weight[half_life] == pytest.approx(0.5)
        same = (drawn_in(months, weight)[:, :, None] == past).all(axis=1)
        assert (same.sum(axis=0) == 1).all(), "each column is one month of all places"
        assert np.abs(same.sum(axis=1) - past.shape[1] * weight / weight.sum()).max() <= 1
        ages[step] = same.argmax(axis=0)
    assert (ages[1] <= ages[3]).all()
    assert (ages[3] <= ages[8]).all()
    assert ages[1].max() < ages[8].max()
    for step in (1, 8):
        parts = country().fit(panel, "deaths").explain(25, step)
        assert sum(part.share for part in parts) == pytest.approx(1)
        newest = sum(part.share for part in parts if (part.what, part.month) == ("month", panel.as_of))
        assert newest == pytest.approx(0.4 * 0.5, abs=0.01) if step == 1 else newest < 0.1


def test_draws_are_moved_to_the_middle_of_past_months_and_no_deaths_stay_no_deaths():
    draws = np.array([[[0.0, 10.0, 100.0], [0.0, 0.0, 1.0]]], dtype=np.float32)
    assert moved(draws, np.array([53.0, 0.0])).tolist() == [[[0.0, 14.0, 135.0], [0.0, 0.0, 1.0]]]


def test_a_bad_month_is_followed_by_a_bad_one_in_the_same_future(panel):
    """Sums over months would be far too sure otherwise; what is said of one month does not change."""
    draws = np.random.default_rng(1).gamma(1.0, size=(3, 5, 400)).astype(np.float32)
    put = lasting(draws, np.array([1, 2, 7]), np.random.default_rng(2))
    assert (np.sort(put, axis=1) == np.sort(draws, axis=-1).reshape(15, 400)).all()
    near = [np.corrcoef(rankdata(put[c]), rankdata(put[5 + c]))[0, 1] for c in range(5)]
    far = [np.corrcoef(rankdata(put[5 + c]), rankdata(put[10 + c]))[0, 1] for c in range(5)]
    assert np.mean(near) == pytest.approx(0.78, abs=0.04)
    assert np.mean(far) == pytest.approx(0.31, abs=0.1)
    made = forecast(panel, "deaths", "country", horizon=6)
    months = [made.step_draws(s)[25].toarray().ravel() for s in range(1, 7)]
    assert made.total(panel.gids[[25]]).var() > 2 * sum(month.var() for month in months)


def test_draws_of_different_places_are_not_ranked_alike(panel):
    """Draws are spread evenly over each leaf; were they in order, sums over places would be far too wide."""
    draws = forecast(panel, "deaths", "analogues", horizon=2).step_draws(2)[20:].toarray()
    between = np.corrcoef(draws)[np.triu_indices(10, 1)]
    assert abs(between.mean()) < 0.05


def test_how_many_die_in_one_event_tells_places_apart():
    """Two kinds of places with the same deaths: where few large events killed, it ends; where many small ones, not."""
    rng = np.random.default_rng(5)
    large = np.arange(40) % 2 == 0
    war = (np.arange(160)[:, None] + rng.integers(0, 8, 40)) % 8 < 4
    deaths = rng.poisson(np.where(large, np.where(war, 120.0, 0.0), 60.0)).astype(np.float32)
    deaths[-4:] = 60 + rng.integers(-3, 3, (4, 40))
    events = np.where(large, deaths / 30, deaths / 2).astype(np.float32)
    with_events = Panel(np.arange(40), 1, {"deaths": deaths, "events": events})
    names = country_features(with_events, "deaths")
    assert names.shape[-1] == country_features(Panel(np.arange(40), 1, {"deaths": deaths}), "deaths").shape[-1] + 4
    per_event = names[-1, :, -2:]
    assert (per_event[large].min(axis=0) > per_event[~large].max(axis=0)).all()


def test_features_and_forecasts_do_not_see_the_future(panel):
    rng = np.random.default_rng(0)
    changed = Panel(panel.gids, 1, {t: p.copy() for t, p in panel.counts.items()})
    for plane in changed.counts.values():
        plane[120:] = rng.permutation(plane[120:]) * 3
    assert np.array_equal(country_features(panel, "deaths")[:120], country_features(changed, "deaths")[:120])
    one = forecast(panel.until(120), "deaths", "country", horizon=3, seed=2)
    two = forecast(changed.until(120), "deaths", "country", horizon=3, seed=2)
    assert one.draws.data.tobytes() == two.draws.data.tobytes()


def test_a_short_history_is_refused(panel):
    with pytest.raises(BadInput, match="five years"):
        Analogues().fit(panel.until(40), "deaths")
    assert "country" in MODELS
