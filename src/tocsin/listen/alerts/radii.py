"""Calibrating radii of uncertainty on places whose true point is known."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tocsin.listen.alerts.places import EVIDENCE, Candidate

ZERO: Mapping[str, float] = {**dict.fromkeys(EVIDENCE, 0.0), "area_factor": 1.0}


# What is never undercut, km: a town and its fields are no point, and few cases prove little.
CAREFUL: Mapping[str, float] = {
    "exact": 10.0, "similar": 15.0, "alike": 50.0, "near": 15.0, "inside": 25.0, "offset": 15.0, "ring": 15.0,
    "axis": 25.0, "home": 35.0,
}  # fmt: skip

MOST_KM = 300.0  # a larger radius says no more than this one: not known


def calibrate(
    found: Sequence[Candidate], errors_km: npt.NDArray[np.float64], share: float = 0.8, least: int = 15
) -> dict[str, float]:
    """Radius by kind of evidence that holds the true point in `share` of the cases.

    Split conformal quantile (Vovk, Gammerman and Shafer 2005): of n errors the ceil((n + 1) · share)-th smallest, but
    not less than `CAREFUL`. Kinds of evidence with fewer than `least` cases get twice `CAREFUL`.

    Parameters
    ----------
    found : sequence of Candidate, length n
        Best candidates, made with `ZERO` for radii, so that `radius_km` is what place and distance alone make sure.
    errors_km : ndarray, shape (n,)
        Distance from each to the true point.
    share : float
    least : int

    Returns
    -------
    dict of evidence → km, with ``area_factor`` (a multiple of the area's own radius)
    """
    floor = np.array([c.radius_km for c in found])
    kind = np.array([c.evidence for c in found])
    settled = kind != "area"
    radii: dict[str, float] = {"area": 100.0}
    for evidence in EVIDENCE:
        if evidence == "area":
            continue
        mine = kind == evidence
        errors = np.where(errors_km <= floor, 0.0, errors_km)[mine]
        careful = CAREFUL[evidence]
        radii[evidence] = (
            round(min(max(_quantile(errors, share), careful), MOST_KM), 1) if mine.sum() >= least else 2 * careful
        )
    radii["home"] = CAREFUL["home"]  # no public data hold a sender's usual place
    areas = errors_km[~settled] / np.maximum(floor[~settled], 1.0)
    radii["area_factor"] = round(_quantile(areas, share), 2) if len(areas) >= least else 1.0
    return radii


def _quantile(errors: npt.NDArray[np.float64], share: float) -> float:
    rank = min(math.ceil((len(errors) + 1) * share), len(errors))
    return float(np.sort(errors)[rank - 1])
