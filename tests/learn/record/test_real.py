import importlib
from pathlib import Path

import numpy as np
import pytest

from tocsin.assess.forecast import MODELS
from tocsin.core.time import month_id
from tocsin.learn.record import backtest, summary

ORIGINS = range(month_id(2014, 12), month_id(2014, 12) + 60)


@pytest.fixture
def reader(monkeypatch):
    """Readers of the benchmarks, which are not part of the package."""
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[3])
    return lambda name: importlib.import_module(f"benchmarks.{name}")


def test_zero_on_the_central_african_protocol_gets_the_published_score(shared, reader):
    panel = reader("cells").cell_panel(shared, "CAF")
    assert len(panel.gids) == 251
    rows = backtest(panel, "os", MODELS["zero"](), ORIGINS, np.arange(1, 13))
    # The published list has one cell more, without events.
    assert summary(rows, ["crps"])["crps"] * 251 / 252 == pytest.approx(0.1152, abs=5e-5)


def test_the_additive_model_finds_places_better_than_last_years_map(shared, reader):
    panel = reader("cells").cell_panel(shared, "CAF")
    step = np.array([1])
    ours = backtest(panel, "os", MODELS["additive"](), ORIGINS, step, refit_every=60)
    map_of_last_year = backtest(panel, "os", MODELS["conflictology"](), ORIGINS, step)
    assert summary(ours, ["ap"])["ap"] > 1.5 * summary(map_of_last_year, ["ap"])["ap"]


def test_country_months_add_up_to_the_published_total(shared, reader):
    panel = reader("countries").country_panel(shared)
    assert len(panel.gids) == 123
    assert panel.counts["deaths"].sum(dtype=float) == 3796243
