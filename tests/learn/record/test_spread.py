"""The same backtest wherever it runs."""

import importlib.util
import os
import shutil
from dataclasses import fields

import numpy as np
import pytest
from tests.assess.forecast.test_cells import GIDS

from tocsin.assess.forecast.cells import Cells
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput, SetupProblem
from tocsin.core.spread import spread
from tocsin.learn.record import backtest

SPARK = importlib.util.find_spec("pyspark") is not None and shutil.which("java") is not None


def test_answers_keep_their_order_and_a_wrong_way_is_refused():
    assert spread(abs, [3, -1, 0]) == [3, 1, 0]
    assert spread(abs, [3, -1, 0], "processes") == [3, 1, 0]
    assert spread(abs, [], "processes") == []
    for wrong in ("threads", "processes:4", ""):
        with pytest.raises(BadInput, match="spread"):
            spread(abs, [1], wrong)


@pytest.mark.skipif(SPARK, reason="Spark is installed")
def test_without_spark_it_says_what_to_install():
    with pytest.raises(SetupProblem, match="spark"):
        spread(abs, [1], "spark")


NIGHTLY = pytest.mark.skipif(
    not (SPARK and os.environ.get("TOCSIN_NIGHTLY")), reason="minutes, and needs Spark: make nightly"
)
CLUSTER = "spark:local-cluster[2,1,1024]"


@pytest.mark.parametrize(
    ("how", "model"),
    [
        ("processes", Cells(n_draws=100, share=0)),
        pytest.param(CLUSTER, Cells(n_draws=100, rounds=20), marks=NIGHTLY),
    ],
)
def test_the_record_is_the_same_to_the_last_bit(how, model):
    rng = np.random.default_rng(5)
    plane = ((rng.random((150, len(GIDS))) < 0.05) * rng.geometric(0.1, (150, len(GIDS)))).astype(np.float32)
    panel = Panel(GIDS, 1, {"os": plane})
    options = {"origins": range(132, 138), "steps": np.arange(1, 4), "refit_every": 3}
    here = backtest(panel, "os", model, **options)
    there = backtest(panel, "os", model, **options, how=how)
    for field in fields(here):
        assert getattr(here, field.name).tobytes() == getattr(there, field.name).tobytes()


@NIGHTLY
@pytest.mark.parametrize("how", ["processes", CLUSTER])
def test_blocks_of_cells_worked_on_elsewhere_say_the_same_to_the_last_bit(how):
    rng = np.random.default_rng(1)
    gids = np.arange(1, 6001) + 100_000
    plane = ((rng.random((140, 6000)) < 0.004) * rng.geometric(0.2, (140, 6000))).astype(np.float32)
    panel = Panel(gids, 1, {"os": plane, "sb": np.roll(plane, 3, axis=0)})
    here, there = (Cells(rounds=10, blocks=3, how=way).fit(panel, "os") for way in ("no", how))
    assert here.rates.weights.tobytes() == there.rates.weights.tobytes()
    assert here.past.tobytes() == there.past.tobytes()
    assert here.chance(1).tobytes() == there.chance(1).tobytes()
