"""Trees as both tree models grow them: LightGBM, the same numbers from the same seed on any machine."""

from typing import Any

import numpy.typing as npt

# LightGBM's own threads wait for each other with busy processors: on two shared ones 880,000 rows took 20 CPU seconds
# instead of 7. Two processors are used by doing two things at once.
THREADS = 1


def grow(
    x: npt.NDArray[Any],
    label: npt.NDArray[Any],
    weight: npt.NDArray[Any],
    rounds: int,
    seed: int,
    settings: dict[str, Any],
) -> Any:
    """A LightGBM booster of `rounds` trees on rows x, shape (N, K), with `settings` beside those all trees share."""
    import lightgbm as lgb

    shared = {
        "max_bin": 63,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": THREADS,
        "verbose": -1,
    }
    data = lgb.Dataset(x, label, weight=weight, params={"max_bin": 63, "verbose": -1})
    return lgb.train(settings | shared, data, rounds)
