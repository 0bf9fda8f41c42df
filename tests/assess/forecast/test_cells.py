import pickle
from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.optimize import minimize

from tocsin.assess.actions import assess
from tocsin.assess.forecast import MODELS, forecast, stream
from tocsin.assess.forecast.additive import BANDS, band_of, fit_rates, log_likelihood
from tocsin.assess.forecast.cells import Cells
from tocsin.assess.forecast.gathering import gather, happened, seen_from
from tocsin.assess.forecast.sampling import occurrence, with_sizes
from tocsin.assess.forecast.sizes import lately, past_sizes, sizes
from tocsin.assess.panel import Panel
from tocsin.core.errors import BadInput
from tocsin.core.lattice import gid_at

LON, LAT = np.meshgrid(np.arange(18.25, 22, 0.5), np.arange(4.25, 7, 0.5))
GIDS = np.sort(gid_at(LON.ravel(), LAT.ravel()))


@pytest.fixture(scope="module")
def panel():
    """Violence that stays where it is and spreads from cell to cell."""
    rng = np.random.default_rng(5)
    plane = np.zeros((200, len(GIDS)), dtype=np.float32)
    for month in range(200):
        before = plane[month - 1] > 0 if month else np.zeros(len(GIDS), bool)
        rate = 0.01 + 0.4 * before + 0.05 * (np.arange(len(GIDS)) < 4)
        plane[month] = (rng.random(len(GIDS)) < rate) * rng.geometric(0.1, len(GIDS))
    return Panel(GIDS, 1, {"os": plane, "sb": np.roll(plane, 3, axis=0)})


def test_em_finds_the_same_optimum_as_a_general_optimiser():
    rng = np.random.default_rng(2)
    sources = rng.gamma(0.5, 1, size=(4000, 3))
    truth = np.array([0.02, 0.0, 0.1])
    hit = rng.poisson(sources @ truth) > 0
    x, exposure = sources[hit], sources.sum(axis=0)
    b = fit_rates(x, exposure, sweeps=3000)
    other = minimize(lambda v: -log_likelihood(np.exp(v), x, exposure), np.full(3, -3.0), method="Nelder-Mead",
                     options={"maxiter": 4000, "xatol": 1e-8, "fatol": 1e-8})  # fmt: skip
    assert log_likelihood(b, x, exposure) == pytest.approx(-other.fun, abs=1e-3)
    assert b @ exposure == pytest.approx(hit.sum())  # the optimum expects as many events as there were
    slow = sum(np.log(float(np.dot(row, b))) for row in x) - sum(float(np.dot(row, b)) for row in sources)
    assert log_likelihood(b, x, exposure) == pytest.approx(slow)


def test_a_source_that_never_was_weighs_nothing_and_no_events_mean_no_risk():
    assert fit_rates(np.array([[1.0, 0.0]]), np.array([4.0, 0.0])).tolist() == [0.25, 0]
    assert fit_rates(np.empty((0, 2)), np.array([4.0, 1.0])).tolist() == [0, 0]


def test_bands_cover_three_years():
    assert [h for band in BANDS for h in band] == list(range(1, 37))
    assert (band_of(1), band_of(12), band_of(60)) == (0, 3, 5)


def test_draws_keep_the_chance_and_hang_together():
    p = np.repeat([0.0, 0.02, 0.3, 0.9], 60)
    gids = GIDS[0] + np.arange(240) % 40
    hit = occurrence(p, gids, 4000, stream(1, "draws"))
    got = np.asarray(hit.mean(axis=1)).ravel()
    for level in (0.0, 0.02, 0.3, 0.9):
        assert got[p == level].mean() == pytest.approx(level, abs=0.01)
    together = np.asarray(hit[60:120].sum(axis=0)).ravel()
    assert together.var() > 1.3 * 60 * 0.02 * 0.98  # more than independent cells would give
    drawn = with_sizes(hit, sizes(np.array([1.0, 9.0]), np.array([3.0, 1.0])), stream(1, "sizes"))
    assert drawn.data.mean() == pytest.approx(3, abs=0.1)


def test_the_pass_over_the_planes_finds_what_stood_before_each_event(panel):
    events = happened(panel.counts["os"], stream(1, "events"))
    month, cell = np.nonzero(panel.counts["os"] > 0)
    assert np.array_equal(events.month, month)
    assert events.weight.tolist() == [1.0] * len(month)
    found = gather(panel, "os", events, (month[:5], cell[:5]), stream(1, "rows"))
    late = month - 1 >= 96
    name = found.names.index("own 1")
    plane = seen_from(panel, "os", np.arange(1, 201))[:, :, name]
    assert found.before[0][:, name] == pytest.approx(plane[month[late] - 1, cell[late]].astype(float), rel=1e-5)
    assert found.sums[:, name] == pytest.approx(plane.sum(axis=1), rel=1e-5)
    assert np.array_equal(found.past[-1], seen_from(panel, "os", np.array([200]))[0])


def test_blocks_of_cells_say_to_the_last_bit_what_the_whole_says(monkeypatch):
    lon, lat = np.meshgrid(np.arange(18.25, 20, 0.5), np.arange(-7.75, 8, 0.5))  # taller than the reach of a cell
    gids = np.sort(gid_at(lon.ravel(), lat.ravel()))
    rng = np.random.default_rng(3)
    plane = ((rng.random((150, len(gids))) < 0.1) * rng.geometric(0.1, (150, len(gids)))).astype(np.float32)
    plane[:20, ::5] = np.nan
    also = {"people": rng.random(plane.shape).astype(np.float32)}
    strip = Panel(gids, 1, {"os": plane, "sb": np.roll(plane, 9, axis=0)}, also=also)
    events = happened(plane, rng)
    rows = (events.month[::3], events.cell[::3])
    sent = []

    def elsewhere(func, tasks, how):
        sent.append((len(tasks), how, max(len(task.block.gids) for task in tasks)))
        return [pickle.loads(pickle.dumps(func(pickle.loads(pickle.dumps(task))))) for task in tasks]

    monkeypatch.setattr("tocsin.assess.forecast.gathering.spread", elsewhere)
    one, five = (gather(strip, "os", events, rows, stream(1, "r"), n, "processes", unit=12) for n in (1, 5))
    assert sent == [(1, "no", 128), (5, "processes", 72)]
    for field in fields(one):
        ours, theirs = getattr(one, field.name), getattr(five, field.name)
        for a, b in zip(*((v if isinstance(v, list) else [v]) for v in (ours, theirs)), strict=True):
            assert np.asarray(a).tobytes() == np.asarray(b).tobytes(), field.name
    assert one.rows.shape[1] == one.past.shape[2] == len(one.names) + 1
    monkeypatch.undo()
    months = np.array([30, 150])
    assert seen_from(strip, "os", months, 4, unit=12).tobytes() == seen_from(strip, "os", months).tobytes()


def test_where_a_panel_is_worked_on_reaches_the_walk_and_a_wrong_way_is_refused(panel, monkeypatch):
    asked = []
    monkeypatch.setattr("tocsin.assess.forecast.cells.gather", lambda *all: asked.append(all[5:]) or gather(*all))
    forecast(panel, "os", "additive", horizon=1, how="processes")  # few cells are one block, and stay here
    assert asked == [(8, "processes")]
    with pytest.raises(BadInput, match="spread by 'threads'"):
        assess(None, None, None, how="threads")


def test_an_event_shared_over_an_area_counts_once(panel):
    shared = panel.counts["os"].copy()
    shared[50:] += 0.01 * (np.arange(150) % 10 == 0)[:, None]  # one event in the area, a hundredth in each cell
    events = happened(shared, stream(1, "events"))
    assert events.weight.sum() == pytest.approx(np.minimum(shared, 1).sum(), abs=0.5)
    assert len(events.month) < (panel.counts["os"] > 0).sum() + 40
    blurred = Panel(GIDS, 1, {"os": shared, "sb": panel.counts["sb"]})
    p, before = (forecast(one, "os", "combined", horizon=1).p_any().sum() for one in (blurred, panel))
    assert p == pytest.approx(before, rel=0.25)


@pytest.mark.parametrize("model", ["additive", "combined"])
def test_risk_is_where_it_was_and_the_sum_is_about_right(panel, model):
    f = forecast(panel, "os", model, horizon=3)
    p = f.p_any()[0]
    active = panel.counts["os"][-1] > 0
    assert p[active].mean() > 3 * p[~active].mean()
    assert f.p_any()[2][active].mean() < p[active].mean()
    assert p.sum() == pytest.approx((panel.counts["os"][-24:] > 0).sum() / 24, rel=0.6)
    assert f.n_draws == 1000


def test_deleting_or_shuffling_the_future_changes_no_bit(panel):
    rng = np.random.default_rng(0)
    changed = Panel(GIDS, 1, {t: p.copy() for t, p in panel.counts.items()})
    for plane in changed.counts.values():
        plane[160:] = rng.permutation(plane[160:]) + 5
    one = forecast(panel.until(160), "os", "combined", horizon=4, seed=3)
    two = forecast(changed.until(160), "os", "combined", horizon=4, seed=3)
    assert one.draws.data.tobytes() == two.draws.data.tobytes()
    assert one.draws.indices.tobytes() == two.draws.indices.tobytes()
    again = MODELS["combined"]().fit(panel.until(150), "os").seeing(panel.until(160))
    moved = MODELS["combined"]().fit(changed.until(150), "os").seeing(changed.until(160))
    assert again.chance(2).tobytes() == moved.chance(2).tobytes()


def test_a_short_or_peaceful_history_is_met_with_sense(panel):
    with pytest.raises(BadInput, match="ten years"):
        forecast(panel.until(100), "os", "combined")
    nothing = Panel(GIDS, 1, {"os": np.zeros((150, len(GIDS)), np.float32)})
    assert forecast(nothing, "os", "combined").mean().max() == 0
    nothing.counts["os"][120, 3] = 1e6
    assert np.isfinite(forecast(nothing, "os", "combined").mean()).all()
    nothing.counts["os"][:, 7] = np.nan
    f = forecast(nothing, "os", "combined")
    assert not f.known[7]
    assert np.isnan(f.mean()[:, 7]).all()


def test_the_correction_follows_the_last_year(panel):
    louder = Panel(GIDS, 1, {t: p.copy() for t, p in panel.counts.items()})
    louder.counts["os"][188:] = 3
    fitted = Cells(share=0).fit(panel.until(188), "os")
    assert fitted.seeing(louder).correction[0] > 1.3
    assert 0.5 < fitted.seeing(panel).correction[0] < 2


def test_sizes_of_a_war_leave_with_it_and_their_tail_goes_on():
    rng = np.random.default_rng(3)
    plane = np.zeros((60, 50), dtype=np.float32)
    plane[:30] = rng.integers(20, 60, (30, 50))  # a war everywhere
    plane[30:, 0] = 2  # one cell afterwards
    in_war, after = past_sizes(plane[:30], 24), past_sizes(plane, 24)
    u = (np.arange(1000) + 0.5) / 1000
    assert in_war.at(u).mean() > 30
    assert after.at(u).mean() < in_war.at(u).mean() / 3
    heavy = np.rint(rng.pareto(2.5, 4000) * 10 + 1)
    law = sizes(heavy, np.ones(4000))
    assert law.scale > 0
    assert law.at(u).mean() == pytest.approx(heavy.mean(), rel=0.06)
    assert np.all(np.diff(law.at(np.sort(rng.random(500)))) >= 0)
    assert sizes(np.empty(0), np.empty(0)).at(u).tolist() == [1.0] * 1000


def test_sizes_follow_the_last_months():
    law = sizes(np.array([1.0, 19.0]), np.array([1.0, 1.0]))  # ten on average
    chance = np.full(4, 0.25)  # one killing a month: thirty deaths in three months
    plane = np.zeros((12, 4), dtype=np.float32)
    assert lately(plane, chance, law) == pytest.approx(1 / 5), "nothing in three months: a fifth, and no less"
    plane[-1, 0] = 12.5
    assert lately(plane, chance, law) == pytest.approx((12.5 + 5) / (30 + 5))
    plane[-1, 0], plane[0, 0] = 30, 900
    assert lately(plane, chance, law) == pytest.approx(1)
    plane[-2, 1] = 1e6
    assert lately(plane, chance, law) == 5
    assert lately(np.full((12, 4), np.nan, dtype=np.float32), chance, law) == 1
    assert law.scaled(3).mean == pytest.approx(30, rel=0.02)
    assert law.scaled(0.5).at(np.array([0.1, 0.9])).tolist() == [1, 9]


def test_chances_and_means_are_told_exactly_and_draws_agree_with_them(panel):
    one = Cells().fit(panel, "os").predict(np.array([1, 6]), stream(1, "exact"))
    assert one.chances is not None
    assert one.means is not None
    drawn = one.row_sums(np.minimum(one.draws.data, 1)) / one.n_draws
    assert np.abs(drawn - one.chances).max() <= 1.01 / one.n_draws
    assert one.row_sums(one.draws.data).sum() / one.n_draws == pytest.approx(one.means.sum(), rel=0.05)
    assert np.array_equal(np.argsort(one.p_any()[0]), np.argsort(one.mean()[0])), "one law of sizes: one order of cells"
    assert np.array_equal(one.table()["p_any"], one.p_any().ravel().astype(np.float32))
    with pytest.raises(BadInput, match="agree in size"):
        replace(one, chances=one.chances[1:])
    rare = replace(one, chances=np.full(len(one.chances), 1e-5))
    assert (rare.row_sums(rare.draws.data >= 25) > 0).any()
    assert (rare.table()["p_25"] <= rare.table()["p_any"]).all(), "25 deaths are not likelier than one"
    assert np.array_equal(rare.p_at_least(25).ravel().astype(np.float32), rare.table()["p_25"])


def test_more_violence_seen_never_lowers_the_chance_the_trees_tell(panel):
    fitted = Cells().fit(panel, "os")
    k = len(fitted.rates.names)
    before = fitted.opinions(fitted.now, 3)[1]
    for source in range(k):
        more = fitted.now.copy()
        more[:, source] = more[:, source] * 2 + 0.5
        assert np.all(fitted.opinions(more, 3)[1] >= before - 1e-12)


def test_the_sum_over_a_world_is_told_from_some_of_its_cells(panel, monkeypatch):
    fitted = Cells().fit(panel, "os")
    exact = fitted.seeing(panel).correction
    monkeypatch.setattr("tocsin.assess.forecast.cells.MOST_CELLS", 24)
    assert fitted.seeing(panel).correction == pytest.approx(exact, rel=0.1)
    one, two = (fitted.seeing(panel).predict(np.array([1, 2]), stream(1, "w")) for _ in range(2))
    assert one.draws.data.tobytes() == two.draws.data.tobytes(), "two at once, still the same bits"
