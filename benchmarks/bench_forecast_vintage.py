"""What vintage costs: the same forecasts from deaths as first published and from the final count, both judged by the
final count. Country-months, data to October, next calendar year, 2015 to 2023; countries found in both series.
"""

import csv
import gzip

import numpy as np

from benchmarks.countries import country_panel
from benchmarks.results import SHARED, Figure
from tocsin.assess.forecast import MODELS, stream
from tocsin.assess.panel import Panel
from tocsin.core import areas
from tocsin.core.time import month_id
from tocsin.learn.record import Rows, block_bootstrap, joined, outcomes, score, summary

NAMES = ("last", "conflictology", "country")
STEPS = np.arange(3, 15)
# Natural Earth's short names that differ from those of our list of countries.
SHORT = {
    "Bosnia and Herz.": "BIH", "Central African Rep.": "CAF", "Dem. Rep. Congo": "COD", "Congo": "COG",
    "Côte d'Ivoire": "CIV", "eSwatini": "SWZ", "Macedonia": "MKD", "S. Sudan": "SSD", "Solomon Islands": "SLB",
    "Solomon Is.": "SLB", "Russia": "RUS", "Syria": "SYR", "Iran": "IRN", "Laos": "LAO", "Venezuela": "VEN",
    "United States": "USA", "United States of America": "USA", "Tanzania": "TZA", "Bolivia": "BOL", "Moldova": "MDA",
    "United Kingdom": "GBR", "Turkey": "TUR", "Yemen": "YEM", "Vietnam": "VNM", "Gambia": "GMB",
}  # fmt: skip


def panels() -> tuple[Panel, Panel]:
    """Deaths as published and final: the same countries and months."""
    final = country_panel(SHARED / "data")
    path = SHARED / "data" / "ucdp_country_month" / "ucdp_vintage_country_month_matrix_1989_2023.csv.gz"
    with gzip.open(path, "rt", newline="") as opened:
        rows = list(csv.reader(opened))
    by_name = {c.name: c.iso3 for c in areas.countries().values()}
    iso = [SHORT.get(name, by_name.get(name, "")) for name in rows[0][1:]]
    codes = [code for code in final.about["codes"] if code in iso]
    values = np.array([[float(v) for v in row[1:]] for row in rows[1:]], dtype=np.float32)
    published = values[:, [iso.index(code) for code in codes]]
    kept = final.counts["deaths"][:, [final.about["codes"].index(code) for code in codes]]
    gids = np.arange(1, len(codes) + 1)
    return tuple(Panel(gids, month_id(1989, 1), {"deaths": plane}, {"codes": codes}) for plane in (published, kept))


def judged(seen: Panel, truth: Panel, name: str) -> Rows:
    """Forecasts made from one series and judged by another."""
    parts = []
    for year in range(2015, 2024):
        origin = month_id(year - 1, 10)
        made = MODELS[name]().fit(seen.until(origin), "deaths").predict(STEPS, stream(0, name, "deaths", origin))
        parts.append(score(made, outcomes(truth, "deaths", origin, STEPS)))
    return joined(parts)


def run() -> list[Figure]:
    """Measure."""
    published, final = panels()
    differ = float((published.counts["deaths"] != final.counts["deaths"]).mean())
    found = []
    for name in NAMES:
        live, late = judged(published, final, name), judged(final, final, name)
        skill, low, high = block_bootstrap(live, late)
        a, b = summary(live, ["crps", "ign", "mis"]), summary(late, ["crps", "ign", "mis"])
        note = (
            f"CRPS {a['crps']:.2f} as published, {b['crps']:.2f} final; 90 % by year blocks {-high:.1%} to {-low:.1%}; "
            f"IGN {a['ign']:.3f} and {b['ign']:.3f}, MIS {a['mis']:.0f} and {b['mis']:.0f}; "
            f"{len(final.gids)} countries, {differ:.1%} of country-months differ"
        )
        found.append(Figure(f"{name}: CRPS lost to vintage", -100 * skill, "%", None, "lower", None, note))
    return found
