import numpy as np
import pytest

from tests.assess.forecast.test_cells import GIDS
from tocsin.assess.drivers import between, kept, table
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.reasons import FOLDS, GROUPS, contrast, coverage, novel, reasons, refits, typical
from tocsin.assess.panel import Panel
from tocsin.assess.panel.build import write_parquet
from tocsin.assess.why import answer, explain, in_words
from tocsin.core.words import translator


@pytest.fixture(scope="module")
def panel():
    """Violence that stays where it is, and none in the last cells."""
    rng = np.random.default_rng(5)
    plane = np.zeros((180, len(GIDS)), dtype=np.float32)
    for month in range(180):
        before = plane[month - 1] > 0 if month else np.zeros(len(GIDS), bool)
        rate = (0.02 + 0.45 * before) * (np.arange(len(GIDS)) < 36)
        plane[month] = (rng.random(len(GIDS)) < rate) * rng.geometric(0.1, len(GIDS))
    plane[-1, 7] = 5
    return Panel(GIDS, 1, {"os": plane})


@pytest.fixture(scope="module")
def fitted(panel):
    return Cells().fit(panel, "os")


@pytest.fixture(scope="module")
def others(fitted):
    return refits(fitted)


def test_factors_multiply_to_the_ratio_of_chances(fitted):
    parts = contrast(fitted, fitted.now, np.tile(typical(fitted), (len(GIDS), 1)), 3)
    additive, boosted = fitted.opinions(np.vstack([fitted.now, typical(fitted)]), 3)
    chance = -np.expm1(np.log1p(-fitted.together(additive, boosted)) * fitted.level(3))
    assert parts.sum(axis=1) == pytest.approx(np.log(chance[:-1] / chance[-1]), abs=1e-9)
    assert parts[:, GROUPS.index("lately")].tolist() == [0] * len(GIDS)
    assert chance[:-1] == pytest.approx(fitted.chance(3))


def test_the_reason_of_a_place_with_its_own_violence_is_its_own_violence(fitted, others):
    assert len(others) == FOLDS
    found = reasons(fitted, others, lambda one: (one.now[7], typical(one), None), 1)
    assert found[0].group == "here"
    assert found[0].factor > 2
    assert found[0].stable
    assert found[0].low <= found[0].high
    for one in explain(fitted, [], 7, 1, against=40):
        listed = np.prod([r.factor for r in one.reasons])
        small = 1.05 ** (len(GROUPS) - len(one.reasons))
        assert one.chance / one.other / small <= listed <= one.chance / one.other * small
        assert all(r.stable is None for r in one.reasons)


def test_what_is_kept_says_the_same_and_two_cells_differ_by_what_sets_each_apart(fitted, others, tmp_path):
    known = np.arange(len(GIDS)) != 47
    write_parquet(table(fitted, known, 2, others), tmp_path / "kept.parquet", {})
    asked = (tmp_path / "kept.parquet", "os", "combined")
    found = kept(*asked, int(GIDS[7]))
    said = [one for one in explain(fitted, others, 7, 1, against=40) if one.kind != "cell"]
    assert [(one.against, one.month) for one in found.compared] == [(one.kind, 181) for one in said]
    for one, mine in zip(said, found.compared, strict=True):
        assert (mine.chance, mine.there) == pytest.approx((one.chance, one.other))
        assert np.prod([part.factor for part in mine.parts]) == pytest.approx(mine.chance / mine.there, rel=1e-5)
        parts = [
            (p.group, p.stable, *(pytest.approx(v, rel=1e-4) for v in (p.factor, p.low, p.high))) for p in one.reasons
        ]
        assert [(p.group, p.stable, p.factor, p.low, p.high) for p in mine.parts[: len(parts)]] == parts
    (pair,) = between(*asked, int(GIDS[7]), int(GIDS[40]))
    assert (pair.chance, pair.there) == pytest.approx(tuple(fitted.chance(1)[[7, 40]]))
    assert np.prod([part.factor for part in pair.parts]) == pytest.approx(pair.chance / pair.there, rel=1e-5)
    assert all(part.low <= part.high and part.stable is not None for part in pair.parts)
    assert kept(*asked, int(GIDS[47])).compared == (), "nothing is said of a forecast that is not there"
    assert between(*asked, int(GIDS[7]), int(GIDS[47])) == ()
    assert kept(*asked, 1) is None


def test_a_refit_does_not_learn_from_the_years_it_leaves_out(panel):
    changed = Panel(GIDS, 1, {"os": panel.counts["os"].copy()})
    years = (np.arange(180) // 12) % 8 == 3
    last = np.flatnonzero(years)[-12:]
    changed.counts["os"][last] *= 50  # sizes only: what happened stays
    one, two = (Cells(share=0, leave_out=3).fit(p, "os") for p in (panel, changed))
    whole = Cells(share=0).fit(panel, "os")
    big = [n.startswith("big") for n in one.rates.names]
    assert not np.allclose(one.rates.weights, whole.rates.weights)
    assert np.allclose(one.rates.weights[0, ~np.array(big)], two.rates.weights[0, ~np.array(big)], atol=0.05)
    months = np.zeros(180, dtype=bool)
    months[last] = True
    only_there = Panel(GIDS, 1, {"os": np.where(months[:, None], panel.counts["os"], 0).astype(np.float32)})
    assert Cells(share=0, leave_out=3).fit(only_there, "os").rates.weights.sum() == 0


def test_what_was_never_seen_is_flagged_and_darkness_is_not_peace(panel):
    loud = Panel(GIDS, 1, {"os": panel.counts["os"].copy()})
    loud.counts["os"][-8:, :8] = 400
    fitted = Cells(share=0).fit(loud, "os")
    assert novel(fitted)[3, GROUPS.index("here")]
    assert not novel(fitted)[47, GROUPS.index("here")]
    plane = np.zeros((36, len(GIDS)), dtype=np.float32)
    plane[12:20, 0] = 3
    plane[26:, 40] = np.nan
    seen = coverage(Panel(GIDS, 1, {"os": plane}))
    assert seen.dark.nonzero()[0].tolist() == [40]
    assert seen.silent[0]
    assert seen.reports_before[0] == 8
    assert seen.before[40] == 1


def test_it_is_said_in_two_languages_without_a_word_of_cause(panel):
    found = answer(panel, "os", 7, 1, "West", against=40)
    english, french = in_words(found, translator("en")), in_words(found, translator("fr"))
    assert len(english) == len(french)
    assert any("times higher" in line for line in english)
    assert any("fois plus" in line for line in french)
    assert not any(e == f for e, f in zip(english, french, strict=True))
    assert "because" not in " ".join(english).lower()
    told = found.as_dict()
    assert [c["with"] for c in told["comparisons"]] == ["typical", "cell", "month"]
    assert told["priogrid_gid"] == GIDS[7]
