"""Cells of the Central African Republic and of Sudan, 12 steps; CAR with first forecast month January 2015 to 2019-12.

251 cells (all that touch the country at 1:50m; the published anchors have 252). Models are fitted anew every twelve
origins and see every month up to the origin. Nothing was chosen on these origins: see docs/methods/forecasting.md.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.cells import cell_panel
from benchmarks.results import SHARED, Figure, Peer
from tocsin.assess.forecast import MODELS
from tocsin.assess.forecast.benchmarks import Conflictology
from tocsin.assess.forecast.together import Together
from tocsin.core.time import month_id
from tocsin.learn.record import Rows, backtest, block_bootstrap, summary

STEPS = np.arange(1, 13)
FIRST = month_id(2014, 12)
NAMES = ("zero", "conflictology", "conflictology_n", "additive", "combined")


def judged(target: str, seed: int = 0) -> dict[str, Rows]:
    """Rows of every model on the protocol's origins, with the published fresh climatology (36 months)."""
    panel = cell_panel(SHARED / "data", "CAF").with_total()
    origins = range(FIRST, FIRST + 60)
    models = {name: MODELS[name]() for name in NAMES} | {"climatology": Conflictology(36, name="climatology")}
    return {n: backtest(panel, target, m, origins, STEPS, seed=seed, refit_every=12) for n, m in models.items()}


def judged_sudan(target: str, seed: int = 0) -> dict[str, Rows]:
    """The same for Sudan: 37 origins, first forecast month January 2020 to January 2023, fitted with the cells of CAR.

    Six years of its own are too short to learn from; nothing at all was chosen on Sudan.
    """
    panel, other = (cell_panel(SHARED / "data", code).with_total() for code in ("SDN", "CAF"))
    origins = range(month_id(2019, 12), month_id(2022, 12) + 1)
    models = {name: MODELS[name]() for name in NAMES if name not in ("additive", "combined")}
    models |= {"climatology": Conflictology(36, name="climatology"), "combined": Together((other,))}
    return {n: backtest(panel, target, m, origins, STEPS, seed=seed, refit_every=12) for n, m in models.items()}


def run() -> list[Figure]:
    """Measure."""
    return [*_country("", judged), *_country("Sudan, ", judged_sudan)]


def _country(place: str, judged: Callable[[str], dict[str, Rows]]) -> list[Figure]:
    figures = []
    for target in ("os", "civilians", "sb", "ns", "deaths"):
        begun = time.process_time()
        rows = judged(target)
        spent = time.process_time() - begun
        if target == "os" and not place:
            # Ours has one cell fewer than the anchors, and it is empty.
            anchor = summary(rows["zero"], ["crps"])["crps"] * 251 / 252
            figures.append(
                Figure("os: CRPS of zero, distance from published 0.1152", abs(anchor - 0.1152), "", 5e-5, "lower")
            )
        got = {name: summary(r) for name, r in rows.items()}
        first = {name: summary(r.where(r.step == 1), ["ap", "top_10"]) for name, r in rows.items()}
        for name, g in got.items():
            print(place + target, name, {k: round(v, 4) for k, v in g.items()}, first[name], file=sys.stderr)
        ours, zero = got["combined"], Peer("zero", got["zero"]["crps"])
        goals = target == "os" and not place
        vs_zero = block_bootstrap(rows["combined"], rows["zero"])
        vs_clim = block_bootstrap(rows["combined"], rows["climatology"])
        skills = [f"{s:.1%} ({low:.1%} to {high:.1%})" for s, low, high in (vs_zero, vs_clim)]
        note = f"skill against zero {skills[0]}, climatology {skills[1]}; {spent:.0f} CPU s for all models"
        climatology = got["climatology"]
        figures += [
            Figure(f"{place}{target}: CRPS", ours["crps"], "", 0.110 if goals else zero.value, "lower", zero, note),
            Figure(f"{place}{target}: CRPS on events", ours["crps_events"], "", None, "lower",
                   Peer("climatology", climatology["crps_events"])),
            Figure(f"{place}{target}: average precision, steps 1–12", ours["ap"], "",
                   0.08 if goals else climatology["ap"], "higher", Peer("climatology", climatology["ap"])),
            Figure(f"{place}{target}: average precision, step 1", first["combined"]["ap"], "",
                   0.16 if goals else first["climatology"]["ap"], "higher",
                   Peer("climatology", first["climatology"]["ap"])),
            Figure(f"{place}{target}: IGN", ours["ign"], "", None, "lower", Peer("zero", got["zero"]["ign"])),
            Figure(f"{place}{target}: Brier", ours["brier"], "", None, "lower", Peer("zero", got["zero"]["brier"])),
            Figure(f"{place}{target}: MIS", ours["mis"], "", None, "lower", Peer("zero", got["zero"]["mis"])),
            Figure(f"{place}{target}: deaths forecast, distance from 1", abs(ours["mean_ratio"] - 1), "", 0.1,
                   "lower", Peer("climatology", abs(climatology["mean_ratio"] - 1)), f"ratio {ours['mean_ratio']:.2f}"),
            Figure(f"{place}{target}: 90 % interval by PIT, distance from 90 %", 100 * abs(ours["coverage_pit"] - 0.9),
                   "points", 2, "lower", Peer("zero", 100 * abs(got["zero"]["coverage_pit"] - 0.9))),
            Figure(f"{place}{target}: share of next month's deaths in the riskiest tenth of cells, over last year's map",  # noqa: E501
                   100 * (first["combined"]["top_10"] - first["conflictology"]["top_10"]), "points", 15, "higher", None,
                   f"{first['combined']['top_10']:.0%} against {first['conflictology']['top_10']:.0%}"),
        ]  # fmt: skip
    return figures
