"""Real place phrases: what UCDP's coders wrote, against where they put it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def geo(shared: Path) -> ModuleType:
    assert shared.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        return importlib.import_module("benchmarks.alert_places")


def test_radii_learnt_in_one_country_hold_in_another(geo: ModuleType) -> None:
    names, rows = geo.bundled("CAF"), geo.phrases(geo.FILES["CAF"])
    best, errors, none = geo.answers(rows, names, geo.calibrated("SDN"))
    radius = np.array([c.radius_km for c in best])
    assert len(best) + none == len(rows) > 1000
    assert (errors <= radius).mean() > 0.8
    assert (errors <= 25).mean() > 0.75  # of those answered
    assert (errors <= 25).sum() / len(rows) > 0.52


def test_the_matcher_sees_nothing_but_the_words(geo: ModuleType) -> None:
    row = next(p for p in geo.phrases(geo.FILES["CAF"]) if "Bambari" in p.text)
    moved = geo.Phrase(row.text, 0.0, 0.0, 1900, "", "")
    names = geo.bundled("CAF")
    assert geo.answers([row], names, geo.default_radii())[0] == geo.answers([moved], names, geo.default_radii())[0]


def test_golden_radii_shipped_are_those_of_the_real_phrases(geo: ModuleType) -> None:
    made = geo.calibrated("CAF", "SDN")
    shipped = geo.default_radii()
    assert set(shipped) == set(made)
    assert all(abs(shipped[k] - made[k]) <= 0.05 * made[k] + 0.5 for k in made), made
