"""Trees as both tree models grow them: LightGBM, the same numbers from the same seed on any number of threads."""

from typing import Any

import numpy.typing as npt


def threads(rows: int) -> int:
    """Threads for LightGBM: one for small tables, where waiting for each other costs more than the work."""
    return 1 if rows < 200_000 else 0


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
        "num_threads": threads(len(x)),
        "verbose": -1,
    }
    data = lgb.Dataset(x, label, weight=weight, params={"max_bin": 63, "verbose": -1})
    return lgb.train(settings | shared, data, rounds)
