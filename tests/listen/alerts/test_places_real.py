"""Real place phrases: what UCDP's coders wrote, against where they put it."""

from pathlib import Path

import numpy as np

from benchmarks import alert_places as geo


def test_radii_learnt_in_one_country_hold_in_another(shared: Path) -> None:
    assert shared.exists()
    names, rows = geo.bundled("CAF"), geo.phrases(geo.FILES["CAF"])
    best, errors, none = geo.answers(rows, names, geo.calibrated("SDN"))
    radius = np.array([c.radius_km for c in best])
    assert len(best) + none == len(rows) > 1000
    assert (errors <= radius).mean() > 0.8
    assert (errors <= 25).mean() > 0.75  # of those answered
    assert (errors <= 25).sum() / len(rows) > 0.52


def test_the_matcher_sees_nothing_but_the_words(shared: Path) -> None:
    assert shared.exists()
    row = next(p for p in geo.phrases(geo.FILES["CAF"]) if "Bambari" in p.text)
    moved = geo.Phrase(row.text, 0.0, 0.0, 1900, "", "")
    names = geo.bundled("CAF")
    assert geo.answers([row], names, geo.default_radii())[0] == geo.answers([moved], names, geo.default_radii())[0]
