"""Watches after leaving: false alarms against what is stated, delay against the usual rules, real series replayed."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.results import SHARED, Figure, Peer
from tocsin.plan.drawdown.trigger import (
    CAME_TRUE,
    UNQUIET,
    Quiet,
    Rule,
    calibrate,
    counts,
    cusum,
    moving_average,
    quiet_of,
    single_month,
)

GED = SHARED / "data" / "ucdp_ged"
COUNTRIES = SHARED / "data" / "ucdp_country_month" / "ucdp_ged251_country_month_1989_2023.csv.gz"
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


def countries(
    late: int, draws: int = 1000, last: tuple[int, int] = (2007, 12), half: int | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """How surprising a quiet area would find each real series, 0 to 1: those that broke out, and those that did not.

    Countries but CAR, Sudan and South Sudan, watched for 36 months from January 1992, 1995 … until `last` after 24
    months with up to 5 events each: rules may be compared here without a look at the replays. A series broke out when
    six months had three times the quiet mean and one event a month on average; it is scored up to `late` months from
    the first of these. `half` takes every second country: `UNQUIET` was learned on half 0, so half 1 is scored.
    """
    seen: dict[str, dict[int, int]] = {}
    with gzip.open(COUNTRIES, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            year, number = map(int, row["year_month"].split("-"))
            seen.setdefault(row["country_iso3"], {})[month((year, number))] = int(float(row["ucdp_event_count"]))
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in RULES}
    others = [c for c in sorted(seen) if c not in ("CAF", "SDN", "SSD")][half :: 1 if half is None else 2]
    windows = [(c, left) for c in others for left in range(month((1991, 12)), month(last) + 1, 36)]
    for k, (country, left) in enumerate(windows):
        before = np.array([seen[country].get(t, 0) for t in range(left - 23, left + 1)])
        after = np.array([seen[country].get(t, 0) for t in range(left + 1, left + 37)])
        if before.mean() > 5 or not (before.any() or after.any()):
            continue
        quiet = quiet_of(before)
        out = np.flatnonzero(np.convolve(after, np.ones(6) / 6, "valid") >= max(1.0, 3 * quiet.mean))
        scored = after[: out[0] + late] if len(out) else after
        drawn = quiet.draw(np.random.default_rng(k), draws, 36)
        for name, rule in RULES.items():
            found[name][0 if len(out) else 1].append(surprise(rule, quiet, drawn, scored))
    return {name: (np.array(broke), np.array(calm)) for name, (broke, calm) in found.items()}


def surprise(rule: Rule, quiet: Quiet, drawn: np.ndarray, seen: np.ndarray) -> float:
    """Share of quiet series that are less surprising by a rule than what was seen."""
    top, value = rule(quiet, drawn).max(axis=-1), rule(quiet, seen).max()
    return float(np.mean(top < value - 1e-9) + 0.5 * np.mean(np.abs(top - value) <= 1e-9))


def replays_ranked(baseline: int = 24, draws: int = 4000) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The same of the areas of both replays, broken out as `replay` has it: by all false-alarm rates at once."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in RULES}
    for file, left, months, onset in CASES.values():
        series = series_of(GED / file, month(left) - baseline + 1, month(left) + months)
        for k, seen in enumerate(series.values()):
            quiet, after, start = quiet_of(seen[:baseline]), seen[baseline:], month(onset) - month(left) - 1
            out = np.flatnonzero(after[start : start + 12] >= max(5.0, 4 * quiet.mean))
            scored = after[: start + out[0] + 1] if len(out) else after
            drawn = quiet.draw(np.random.default_rng(k), draws, months)
            for name, rule in RULES.items():
                found[name][0 if len(out) else 1].append(surprise(rule, quiet, drawn, scored))
    return {name: (np.array(broke), np.array(calm)) for name, (broke, calm) in found.items()}


def ranks_higher(broke: np.ndarray, calm: np.ndarray) -> float:
    """Chance that a series that broke out is found more surprising than one that did not: all false alarms at once."""
    return float(np.mean((broke[:, None] > calm) + 0.5 * (broke[:, None] == calm)))


def against(found: dict[str, tuple[np.ndarray, np.ndarray]], peer: str) -> tuple[float, float]:
    """Nine-tenths interval of how much more often the watch ranks higher than a peer, over drawn series."""
    rng = np.random.default_rng(0)
    (broke, calm), (theirs, quiet) = found["cusum"], found[peer]
    drawn = [(rng.integers(len(broke), size=len(broke)), rng.integers(len(calm), size=len(calm))) for _ in range(400)]
    more = [ranks_higher(broke[i], calm[j]) - ranks_higher(theirs[i], quiet[j]) for i, j in drawn]
    return float(np.quantile(more, 0.05)), float(np.quantile(more, 0.95))


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
    sets = [("areas of both replays", replays_ranked())]
    sets += [(f"real countries 1992-2009, {late} months into a rise", countries(late)) for late in (3, 6)]
    for name, real in sets:
        for peer in ("single month", "moving average"):
            low, high = against(real, peer)
            rows.append(Figure(
                f"{name}: outbreak ranked above quiet, against {peer}",
                100 * ranks_higher(*real["cusum"]), "%", None, "higher",
                Peer(f"{peer}, all false-alarm rates", 100 * ranks_higher(*real[peer])),
                f"{len(real['cusum'][0])} and {len(real['cusum'][1])} series; difference {100 * low:+.1f} to "
                f"{100 * high:+.1f} (90 %)"))  # fmt: skip
    for half, name in enumerate(("countries it was learned on", "the other countries")):
        calm = countries(6, 2000, (2019, 12), half)["cusum"][1]
        for stated in (STATED, 0.2):
            raised = calm > 1 - stated / UNQUIET
            low, high = wilson(int(raised.sum()), len(raised))
            rows.append(Figure(
                f"{name}, real quiet series: false alarms within 36 months, stated {stated:.0%}",
                100 * raised.mean(), "%", 100 * stated * CAME_TRUE[1], "lower", None,
                f"{raised.sum()} of {len(raised)}; 90 % interval {100 * low:.1f} to {100 * high:.1f}; stated as "
                f"{100 * stated * CAME_TRUE[0]:.0f} to {100 * stated * CAME_TRUE[1]:.0f}; without the allowance "
                f"{100 * np.mean(calm > 1 - stated):.1f}"))  # fmt: skip
    return rows


def wilson(hits: int, of: int, z: float = 1.645) -> tuple[float, float]:
    """Nine-tenths interval of a share."""
    middle, wide = hits / of + z**2 / (2 * of), z * np.sqrt(hits / of * (1 - hits / of) / of + z**2 / (4 * of**2))
    return float((middle - wide) / (1 + z**2 / of)), float((middle + wide) / (1 + z**2 / of))
