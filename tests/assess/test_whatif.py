import csv
from pathlib import Path

import numpy as np
import pytest

from tocsin.assess.whatif import EFFECTS, negative_binomial, what_if
from tocsin.core.errors import BadInput

COLUMNS = ("troopLag", "policeLag", "militaryobserversLag", "brv_AllLag", "osvAllLagDum", "incomp", "epduration",
           "lntpop")  # fmt: skip


def test_the_published_model_is_reproduced(shared: Path):
    with (shared / "hks2013_peacekeepers_civilians" / "hks2013.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 3746
    x = np.array([[1.0, *(float(r[c]) for c in COLUMNS)] for r in rows])
    found = negative_binomial(x, np.array([float(r["osvAll"]) for r in rows]))
    assert found.coefficients[1] == pytest.approx(-0.530, abs=5e-4)
    assert found.errors[1] == pytest.approx(0.062, abs=5e-4)
    assert found.coefficients[2:4] == pytest.approx([-9.90, 21.76], abs=0.005)
    assert found.errors[2:4] == pytest.approx([1.04, 1.30], abs=0.005)
    assert found.theta == pytest.approx(0.0592, abs=5e-5)
    assert found.log_likelihood == pytest.approx(-6260.15, abs=0.005)


def test_parameters_of_made_up_counts_are_found():
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(6000), rng.normal(size=6000)])
    m = np.exp(x @ [0.3, -0.7])
    y = rng.negative_binomial(0.8, 0.8 / (0.8 + m)).astype(float)
    found = negative_binomial(x, y)
    assert np.all(np.abs(found.coefficients - [0.3, -0.7]) < 3.5 * found.errors)
    assert found.theta == pytest.approx(0.8, rel=0.1)
    with pytest.raises(BadInput):
        negative_binomial(x, y - 5)


def test_more_troops_go_with_fewer_deaths_perhaps():
    more = what_if(2_000, 4_000)
    assert more.ratio == pytest.approx(np.exp(2 * EFFECTS["rebels"].mean))
    assert more.low_90 < more.ratio < 1 < more.high_90, "the interval includes no effect"
    assert 0.8 < more.p_fewer < 0.9
    less = what_if(4_000, 2_000)
    assert less.ratio * more.ratio == pytest.approx(1)
    assert less.p_fewer == pytest.approx(1 - more.p_fewer)
    assert what_if(0, 5_000, "government").ratio == 1
    assert what_if(900, 900).high_90 == 1
    assert more.word == "association"
    for wrong in ((-1, 0, "rebels"), (0, 40_000, "rebels"), (0, 100, "weather")):
        with pytest.raises(BadInput):
            what_if(*wrong)
