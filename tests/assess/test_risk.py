import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tocsin.assess.forecast import Forecast
from tocsin.assess.risk import horizon_draws, horizon_risk


def ahead(draws: list[list[float]], steps: int, known: list[bool] | None = None) -> Forecast:
    matrix = csr_matrix(np.array(draws, dtype=np.float32))
    gids = np.array([100, 101])
    return Forecast(gids, 400, np.arange(1, steps + 1), "civilians", "made up", matrix, np.array(known or [True, True]))


def test_a_horizon_of_equal_months_adds_up_and_keeps_cells_together() -> None:
    forecast = ahead([[0, 0, 0, 12], [0, 0, 0, 4]], 12)
    draws = horizon_draws(forecast, np.random.default_rng(1), 4_000).toarray()
    assert draws[0].mean() == pytest.approx(36, rel=0.05)
    assert np.allclose(draws[0], 3 * draws[1]), "what comes together in one draw comes together in the sum"
    assert draws[0].std() == pytest.approx(12 * np.sqrt(12 * 0.25 * 0.75), rel=0.08), "months are drawn apart"


def test_risk_says_nothing_of_cells_without_data_and_leaves_them_out_of_the_total() -> None:
    risk = horizon_risk(ahead([[0, 0, 0, 12], [8, 8, 8, 8]], 2, [True, False]), np.random.default_rng(1))
    assert risk.mean[0] == pytest.approx(6)
    assert np.isnan(risk.mean[1])
    assert np.isnan([risk.low_80[1], risk.high_80[1], risk.p_any[1]]).all()
    assert risk.total_mean == pytest.approx(6)
    assert risk.p_any[0] == pytest.approx(1 - 0.75**2, abs=0.05)
    assert risk.total_low_80 <= risk.total_mean <= risk.total_high_80


def test_months_with_draws_of_their_own_keep_their_joint_course() -> None:
    draws = [[1, 0], [0, 2], [10, 0], [0, 20]]
    forecast = ahead(draws, 2)
    assert horizon_draws(forecast, np.random.default_rng(1)).toarray().tolist() == [[11, 0], [0, 22]]
