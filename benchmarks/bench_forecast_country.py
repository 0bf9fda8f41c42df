"""Country-months as the VIEWS challenge scores them: data to October, the next calendar year, 2015 to 2023.

Nothing was chosen on these years: `Analogues` and the pool were settled on target years 1997 to 2014.
"""

import time

import numpy as np

from benchmarks.countries import country_panel
from benchmarks.results import SHARED, Figure, Peer
from tocsin.assess.forecast import BENCHMARKS, MODELS
from tocsin.core.time import month_id
from tocsin.learn.record import Rows, backtest, block_bootstrap, summary

YEARS = range(2015, 2024)
STEPS = (1, 3, 6)
# The ring of a country in this panel means nothing: neighbours are not PRIO-GRID cells.
FAMILY = tuple(name for name in BENCHMARKS if name != "conflictology_n")


def _windows(panel, target: str, name: str, years=YEARS) -> Rows:
    return backtest(panel, target, MODELS[name](), [month_id(y - 1, 10) for y in years], np.arange(3, 15))


def _ahead(panel, target: str, name: str) -> Rows:
    """Every month of those years 1, 3 and 6 months ahead; months after the panel's end are not scored."""
    origins = range(month_id(2014, 12), month_id(2023, 12))
    return backtest(panel, target, MODELS[name](), origins, np.array(STEPS), refit_every=12)


def run() -> list[Figure]:
    panel = country_panel(SHARED / "data")
    figures = []
    for target in ("deaths", "civilians"):
        begun = time.process_time()
        rows = {name: _windows(panel, target, name) for name in (*FAMILY, "country")}
        spent = time.process_time() - begun
        scores = {name: summary(r, ["crps", "ign", "mis"]) for name, r in rows.items()}
        best = {m: min(FAMILY, key=lambda n: scores[n][m]) for m in ("crps", "ign", "mis")}
        ours = scores["country"]
        skill, low, high = block_bootstrap(rows["country"], rows[best["crps"]])
        note = f"90 % of year-block draws {low:.1%} to {high:.1%}; {spent:.0f} CPU s"
        figures.append(
            Figure(f"{target}: CRPS under the best of the family", 100 * skill, "%", 5, "higher",
                   Peer(best["crps"], scores[best["crps"]]["crps"]), f"ours {ours['crps']:.3f}; {note}")
        )  # fmt: skip
        worst = max(
            summary(rows["country"].where(rows["country"].origin == o), ["crps"])["crps"]
            / summary(rows[best["crps"]].where(rows[best["crps"]].origin == o), ["crps"])["crps"]
            - 1
            for o in np.unique(rows["country"].origin)
        )
        figures.append(
            Figure(f"{target}: CRPS in the worst year, above that family member", 100 * worst, "%", 3, "lower")
        )
        for metric in ("ign", "mis"):
            peer = Peer(best[metric], scores[best[metric]][metric])
            figures.append(Figure(f"{target}: {metric.upper()}", ours[metric], "", peer.value, "lower", peer))
        near = {name: _ahead(panel, target, name) for name in (*FAMILY, "country")}
        for step in STEPS:
            ahead = {name: summary(r.where(r.step == step), ["crps"])["crps"] for name, r in near.items()}
            best_name = min(FAMILY, key=lambda n: ahead[n])
            figures.append(
                Figure(f"{target}, {step} months ahead: CRPS under the best of the family",
                       100 * (1 - ahead["country"] / ahead[best_name]), "%", 5, "higher",
                       Peer(best_name, ahead[best_name]), f"ours {ahead['country']:.3f}")
            )  # fmt: skip
    return figures
