"""Central African Republic, one-sided violence, weekly origins 2017 to 2020, 7, 14 and 28 days ahead.

The process is fitted anew each quarter, the model of months each year, on everything before; the months an origin sees
end before it. Anchors: recent-count map 0.029 / 0.054 / 0.083 and a first Hawkes
0.039 / 0.069 / 0.115 in average precision; 0.44 / 0.43 / 0.40 of events in the top 5 % of cells for the latter.
"""

import time
from itertools import pairwise

import numpy as np

from benchmarks.cells import cell_panel
from benchmarks.results import SHARED, Figure, Peer
from tocsin.assess.forecast.cells import Cells, FittedCells
from tocsin.assess.forecast.daily import days_of, outlook
from tocsin.assess.forecast.days_and_months import drawn_to_months, in_days
from tocsin.assess.panel import Panel
from tocsin.core.time import month_id, parse_month
from tocsin.learn.record import average_precision

AHEAD = {7: (0.06, 0.029), 14: (0.10, 0.054), 28: (0.16, 0.083)}
START = np.datetime64("1991-01-01")


def monthly(panel: Panel, origin: np.datetime64, model_of: dict[int, FittedCells]) -> tuple[np.ndarray, int, int]:
    """What months before a day say of its month and the next, the last of them, and days of its month that are over.

    The model of a year is fitted on the months before it, and kept in `model_of`.
    """
    month = origin.astype("datetime64[M]")
    year, last = int(str(month)[:4]), parse_month(str(month)) - 1
    if year not in model_of:
        model_of[year] = Cells(days=False).fit(panel.until(month_id(year, 1) - 1), "os")
    seeing = model_of[year].seeing(panel.until(last))
    return (
        np.stack([seeing.chance(1), seeing.chance(2)]),
        last,
        int((origin - month.astype("datetime64[D]")).astype(int)),
    )


def run() -> list[Figure]:
    panel = cell_panel(SHARED / "data", "CAF")
    days = days_of(panel.dated, panel.gids, panel.n_days, "os")
    begun = time.process_time()
    own = days.plane(True)
    risk = {h: [] for h in AHEAD}
    map_risk = {h: [] for h in AHEAD}
    seen = {h: [] for h in AHEAD}
    starts = np.arange("2017-01", "2021-01", 3, dtype="datetime64[M]").astype("datetime64[D]")
    quarters = [*(starts - START).astype(int), days.n_days]
    weeks = np.concatenate([np.arange((np.datetime64(f"{y}-01-01") - START).astype(int),
                                      (np.datetime64(f"{y + 1}-01-01") - START).astype(int), 7)
                            for y in range(2017, 2021)])  # fmt: skip
    model_of: dict[int, FittedCells] = {}
    for first, last in pairwise(quarters):
        view = outlook(days.until(first), list(AHEAD))
        origins = weeks[(weeks >= first) & (weeks < last)]
        # A source never sees its own day or later ones (tested), so one pass serves all origins.
        chances = view.chances(days, origins)
        for row, origin in enumerate(origins):
            said, newest, over = monthly(panel, START + int(origin), model_of)
            for h in AHEAD:
                chances[h][row] = drawn_to_months(chances[h][row], in_days(said, newest, h, over))
        for h in AHEAD:
            known = origins + h <= days.n_days
            risk[h].append(chances[h][known])
            map_risk[h] += [own[o - 365 : o].sum(axis=0) for o in origins[known]]
            seen[h] += [own[o : o + h].sum(axis=0) for o in origins[known]]
    spent = time.process_time() - begun
    figures = []
    for h, (goal, anchor) in AHEAD.items():
        expected, truth, recent = np.concatenate(risk[h]), np.array(seen[h]), np.array(map_risk[h])
        ap = average_precision(truth.ravel() > 0, expected.ravel())
        count_ap = average_precision(truth.ravel() > 0, recent.ravel().astype(float))
        room = int(np.ceil(0.05 * truth.shape[1]))
        top = np.argsort(-expected, axis=1, kind="stable")[:, :room]
        hit = np.take_along_axis(truth, top, axis=1).sum() / truth.sum()
        top = np.argsort(-recent, axis=1, kind="stable")[:, :room]
        map_hit = np.take_along_axis(truth, top, axis=1).sum() / truth.sum()
        ratio = float(expected.sum() / (truth > 0).sum())
        note = f"published recent-count map {anchor}; {spent:.0f} CPU s in all"
        figures += [
            Figure(f"{h} days: average precision", ap, "", goal, "higher", Peer("last year's map", count_ap), note),
            Figure(f"{h} days: share of events in the top 5 % of cells", float(hit), "", 0.55, "higher",
                   Peer("last year's map", float(map_hit))),
            Figure(f"{h} days: forecast over observed, distance from 1", abs(ratio - 1), "", 0.1, "lower", None,
                   f"ratio {ratio:.2f}"),
        ]  # fmt: skip
    return figures
