import numpy as np
import pytest

from tocsin.assess.forecast import MODELS, forecast
from tocsin.assess.forecast.analogues import Analogues, country_features
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


def test_the_pool_is_half_past_months_the_newer_the_likelier(panel):
    f = forecast(panel, "deaths", "country", horizon=3)
    assert f.n_draws == 1200
    past = f.step_draws(1)[:, 600:].toarray()
    months = panel.counts["deaths"]
    same = np.array([(past == row[:, None]).all(axis=0).sum() for row in months])
    assert same.sum() == 600, "each column is one month of all places"
    weight = 0.5 ** (np.arange(60)[::-1] / 3)
    assert np.abs(same[-60:] - 600 * weight / weight.sum()).max() <= 1


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
