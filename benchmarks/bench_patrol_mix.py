"""Patrols that cannot be learned: what they give up, and how often an observer's best guess is right.

Made-up missions, and MINUSCA as of June 2020 with the real events of the Central African Republic. A patrol that has
one good route only is counted apart: no lot helps it.
"""

import datetime as dt
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import SHARED, Figure
from tocsin.plan.patrols.mix import mix_routes, watched
from tocsin.plan.patrols.model import Outing, Patrol
from tocsin.plan.patrols.solve import distances, solve_outing

CASES, PLANS, GUESS, DAYS = 3, 12, 1.5, 2000
NOW = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)


def made_up(seed: int, places: int = 60) -> Outing:
    """Two bases with two patrols each, places of very different worth."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 100, (2, places))
    n = np.zeros(places)
    worth = np.r_[0.0, 0.0, rng.gamma(0.7, 2, places - 2)]
    patrols = tuple(Patrol(str(k), k % 2, k % 2, 6, 16) for k in range(4))
    return Outing(distances(*at) / 20, worth, n + 0.5, n, n + 24.0, patrols)


CASES_OF_MINUSCA = [(season, days) for season in ("wet", "dry") for days in (1, 2)]


def minusca() -> list[dict[str, Any]]:
    """Mixes of one and of two days, in the rains and as if no rains cut roads."""
    from tocsin.core.mission import load
    from tocsin.core.time import parse_month
    from tocsin.listen.imports import import_file
    from tocsin.listen.missions import make
    from tocsin.plan.patrols.actions import patrols_of
    from tocsin.plan.patrols.asked import Out
    from tocsin.plan.situation import situation
    from tocsin.store import open_store, writing

    data = SHARED / "data"
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "car", "CAF", "MINUSCA", (5, 6, 7, 8, 9, 10), "")
        mission = load(Path(folder) / "car")
        engine = open_store(mission.store_url)
        try:
            with writing(engine) as connection:
                for file in (data / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv",
                             data / "geo_pko" / "Geo_PKO_v.2.1.csv.gz"):  # fmt: skip
                    import_file(connection, mission, file, NOW)
                here = situation(connection, mission, NOW, parse_month("2020-06"), ("MINUSCA",))
        finally:
            engine.dispose()
        return [
            patrols_of(mission, replace(here, season=season), Out(days=days, plans=PLANS, guess=GUESS))["mix"]
            for season, days in CASES_OF_MINUSCA
        ]


def run() -> list[Figure]:
    losses, guesses, entropies, seen = [], [], [], []
    cpu = time.process_time()
    for seed in range(CASES):
        problem = made_up(seed)
        mix = mix_routes(problem, solve_outing(problem, bound=False), plans=PLANS, guess=GUESS, seed=seed)
        losses.append(100 * mix.loss)
        guesses.append(mix.guess_over_chance)
        entropies.append(mix.entropy)
        rng = np.random.default_rng(seed)
        seen += [watched(mix, r, DAYS, rng) * mix.routes[r] for r in range(4)]
    spent = time.process_time() - cpu
    note = f"{CASES} cases of 60 places, 4 patrols, {PLANS} plans; mean {np.mean(losses):.1f} %; CPU {spent:.0f} s"
    figures = [
        Figure("made-up missions: value given up, worst", max(losses), "%", 5.0, "lower", None, note),
        Figure("made-up missions: best guess over chance, worst patrol", max(guesses), "times", GUESS, "lower", None,
               f"an observer of {DAYS:,} days was right {max(seen):.2f} times as often as chance at most"),
        Figure("made-up missions: entropy of the plan drawn, least", min(entropies), "nats",
               float(np.log(PLANS / GUESS)), "higher"),
    ]  # fmt: skip
    for (season, days), found in zip(CASES_OF_MINUSCA, minusca(), strict=True):
        several = [g["times_chance"] for g in found["guess"] if g["routes"] > 1]
        alone = len(found["guess"]) - len(several)
        note = f"{len(found['guess'])} patrols, of which {alone} have one good route; {len(found['plans'])} plans; "
        note += f"routes of a patrol share {found['overlap']:.0%} of their places; "
        least = found["least_loss"]
        note += "no bound" if least is None else f"no lot as hard to guess gives up less than {100 * least:.1f} %"
        case = f"MINUSCA, {'rains' if season == 'wet' else 'as if no rains'}, {days} day"
        figures += [
            Figure(f"{case}: value given up", 100 * found["loss"], "%", 5.0, "lower", None, note),
            Figure(f"{case}: best guess over chance, worst patrol", max(several), "times", GUESS, "lower"),
        ]
    return figures
