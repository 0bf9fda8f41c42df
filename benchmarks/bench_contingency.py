"""Watches after leaving: false alarms against what is stated, delay against the usual rules, real series replayed."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED, Figure, Peer
from tocsin.plan.drawdown.trigger import calibrate, counts, cusum, moving_average, quiet_of, single_month

GED = SHARED / "data" / "ucdp_ged"
RULES = {"cusum": cusum, "single month": single_month, "moving average": moving_average}
STATED = 0.1
LEAD, AFTER = 6, 12


def simulated(areas: int = 150, series: int = 40) -> dict[str, tuple[list[float], dict[float, list[float]]]]:
    """Share of false alarms of each area, and months from a rise to the alarm; 24 months learned, none known."""
    found: dict[str, tuple[list[float], dict[float, list[float]]]] = {
        name: ([], {2.0: [], 3.0: [], 6.0: []}) for name in RULES
    }
    for area in range(areas):
        rng = np.random.default_rng(area)
        mean, spread = float(np.exp(rng.normal(0, 1.2))), float(np.exp(rng.normal(0, 0.5)))
        quiet = quiet_of(counts(rng, mean, spread, (1, 24))[0])
        calm = counts(rng, mean, spread, (series, 24))
        before = counts(rng, mean, spread, (series, LEAD))
        rises = {r: np.concatenate([before, counts(rng, r * mean, spread, (series, AFTER))], axis=1)
                 for r in (2.0, 3.0, 6.0)}  # fmt: skip
        for name, rule in RULES.items():
            watch = calibrate(quiet, np.random.default_rng(area), rule=rule, false_alarm=STATED, draws=2000)
            lots = np.random.default_rng(area + 1)
            found[name][0].append(float(np.mean(watch.first(calm, lots) >= 0)))
            for ratio, seen in rises.items():
                at = watch.first(seen, lots)
                at = at[(at < 0) | (at >= LEAD)]
                found[name][1][ratio] += np.where(at < 0, AFTER, at - LEAD + 1).tolist()
    return found


def series_of(path: Path, first: int, last: int) -> dict[str, np.ndarray]:
    """Events a month in each first-level area, months counted from year 0."""
    seen: Counter[tuple[str, int]] = Counter()
    with path.open(encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            day = row["date_start"]
            year, month = (day[6:10], day[3:5]) if "/" in day else (day[:4], day[5:7])
            seen[row["adm_1"], int(year) * 12 + int(month) - 1] += 1
    names = sorted({a for a, _ in seen if a})
    return {a: np.array([seen[a, m] for m in range(first, last + 1)]) for a in names}


def replay(path: Path, left: int, months: int, onset: int, baseline: int = 24) -> dict[str, tuple[int, int, int, int]]:
    """For each rule: areas that broke out, alarmed before or within 3 months of it, others, others with an alarm.

    An area broke out when, from `onset` on within 12 months, some month had at least 5 events and 4 times its quiet
    mean: a definition that knows nothing of the rules.
    """
    series = series_of(path, left - baseline + 1, left + months)
    found = {}
    for name, rule in RULES.items():
        broke = caught = calm = false = 0
        for k, seen in enumerate(series.values()):
            quiet = quiet_of(seen[:baseline])
            watch = calibrate(quiet, np.random.default_rng(k), rule=rule, months=months, false_alarm=STATED)
            after = seen[baseline:]
            at = int(watch.first(after))
            start = onset - left - 1
            out = np.flatnonzero(after[start : start + 12] >= max(5.0, 4 * quiet.mean))
            if len(out):
                broke += 1
                caught += 0 <= at <= start + out[0]
            else:
                calm += 1
                false += at >= 0
        found[name] = (broke, caught, calm, false)
    return found


CASES = {
    # name: file, last month with the mission, months watched, onset
    "Sudan, UNAMID left December 2020, war from April 2023": (
        "GEDEvent_Sudan_2018_2023.csv", (2020, 12), 36, (2023, 4)),
    "CAR, MINURCAT left December 2010, Seleka from December 2012": (
        "GEDEvent_v23_1_CAF_1991_2020.csv", (2010, 12), 36, (2012, 12)),
}  # fmt: skip


def month(of: tuple[int, int]) -> int:
    return of[0] * 12 + of[1] - 1


def run() -> list[Figure]:
    found = simulated()
    share = np.array(found["cusum"][0])
    error = share.std() / np.sqrt(len(share))
    rows = [Figure("false alarms within 24 months, stated 10 %", float(100 * share.mean()), "%", 10.0, "lower", None,
                   f"150 areas x 40 series, 24 months learned; standard error {100 * error:.1f}")]  # fmt: skip
    for ratio in (2.0, 3.0, 6.0):
        late = {name: float(np.mean(of[1][ratio])) for name, of in found.items()}
        rows += [
            Figure(f"months until a rise of {ratio:g} is seen (12 if not), against {peer}", late["cusum"], "months",
                   None, "lower", Peer(f"{peer}, same false alarms", late[peer]))
            for peer in ("single month", "moving average")
        ]  # fmt: skip
    for name, (file, left, months, onset) in CASES.items():
        for rule, (broke, caught, calm, false) in replay(GED / file, month(left), months, month(onset)).items():
            rows.append(Figure(f"{name}: {rule}, areas alarmed by the month they broke out", 100 * caught / broke, "%",
                               None, "higher", None,
                               f"{caught} of {broke}; alarms in {false} of {calm} that did not"))  # fmt: skip
    return rows
