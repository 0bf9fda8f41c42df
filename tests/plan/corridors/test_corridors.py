import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.errors import BadInput, Infeasible
from tocsin.plan.corridors import Network, alternatives, corridor, knee, pareto_front, shared_share
from tocsin.plan.corridors.card import cut_points, legs_of
from tocsin.plan.corridors.day import WHOLE_DAY, exposed, pace
from tocsin.plan.corridors.network import grid_network
from tocsin.plan.mobility import Grid


def network(edges, nodes=None):
    """Stretches as (from, to, hours, exposure), both ways; every stretch 1 km an hour."""
    rows = [(a, b, h, x) for a, b, h, x in edges] + [(b, a, h, x) for a, b, h, x in edges]
    tail, head, hours, exposure = (np.array(v) for v in zip(*rows, strict=True))
    n = nodes or int(max(tail.max(), head.max())) + 1
    place = np.zeros(n)
    return Network(tail.astype(np.int64), head.astype(np.int64), hours.astype(float), exposure.astype(float),
                   hours.astype(float), np.arange(n, dtype=float), place)  # fmt: skip


# A valley road 0-1-2-5 (4 h, exposed), a ridge 0-3-4-5 (7 h, safe), a link 1-4 between them.
PAPER = network([(0, 1, 1, 3), (1, 2, 2, 5), (2, 5, 1, 2), (0, 3, 2, 0), (3, 4, 3, 1), (4, 5, 2, 0), (1, 4, 2, 0)])


def test_the_front_on_paper():
    found = [(c.hours, c.exposure, c.nodes) for c in pareto_front(PAPER, 0, 5).corridors]
    assert found == [(4, 10, (0, 1, 2, 5)), (5, 3, (0, 1, 4, 5)), (7, 1, (0, 3, 4, 5))]
    assert knee(pareto_front(PAPER, 0, 5)) == 1


def every_way(net, start, end):
    """All simple ways by brute force."""
    out = {}
    for e, (a, b) in enumerate(zip(net.tail, net.head, strict=True)):
        out.setdefault(int(a), []).append((e, int(b)))
    stack = [(start, (), (start,))]
    while stack:
        at, edges, seen = stack.pop()
        if at == end:
            yield edges
            continue
        stack += [(b, (*edges, e), (*seen, b)) for e, b in out.get(at, ()) if b not in seen]


@st.composite
def small(draw):
    n = draw(st.integers(3, 6))
    pairs = draw(st.lists(st.sampled_from(list(itertools.combinations(range(n), 2))), min_size=2, max_size=11))
    cost = st.integers(0, 6)
    return network([(a, b, draw(st.integers(1, 6)), draw(cost)) for a, b in pairs], n)


@given(small())
def test_the_front_is_all_that_no_other_beats(net):
    sums = {(net.hours[list(w)].sum(), net.exposure[list(w)].sum()) for w in every_way(net, 0, net.nodes - 1)}
    want = sorted(a for a in sums if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in sums))
    if not want:
        with pytest.raises(Infeasible, match="there is no way"):
            pareto_front(net, 0, net.nodes - 1)
        return
    front = pareto_front(net, 0, net.nodes - 1)
    assert front.complete
    assert np.allclose([(c.hours, c.exposure) for c in front.corridors], want)
    for way in front.corridors:
        assert [net.tail[e] for e in way.edges] == list(way.nodes[:-1])
        assert [net.head[e] for e in way.edges] == list(way.nodes[1:])


def test_closed_stretches_are_not_used_and_no_way_is_said_in_words():
    hours = PAPER.hours.copy()
    hours[(PAPER.tail == 0) & (PAPER.head == 1)] = np.inf
    shut = Network(PAPER.tail, PAPER.head, hours, PAPER.exposure, PAPER.km, PAPER.lon, PAPER.lat)
    assert [c.nodes for c in pareto_front(shut, 0, 5).corridors] == [(0, 3, 4, 5)]
    hours[(PAPER.tail == 0)] = np.inf
    none = Network(PAPER.tail, PAPER.head, hours, PAPER.exposure, PAPER.km, PAPER.lon, PAPER.lat)
    with pytest.raises(Infeasible, match="only 5 of 6 places can reach it"):
        pareto_front(none, 0, 5)
    with pytest.raises(BadInput):
        pareto_front(PAPER, 0, 6)


def test_other_ways_share_little():
    first = pareto_front(PAPER, 0, 5).corridors[0]
    others = alternatives(PAPER, first, k=2, most_shared=0.2)
    assert [o.nodes for o in others] == [(0, 3, 4, 5)]
    assert shared_share(PAPER, first, others[0]) == 0
    assert shared_share(PAPER, first, first) == 1


def test_ways_a_cell_apart_are_the_same_way_where_that_is_asked():
    grid = Grid(0.0, 9.0, 1.0, 9, 13, plane=True)
    net = grid_network(grid, np.full((9, 13), 10.0), np.zeros((9, 13)))
    first = pareto_front(net, net.node_at(0.5, 4.5), net.node_at(12.5, 4.5)).corridors[0]
    close, apart = (alternatives(net, first, k=1, apart_km=km)[0] for km in (0.0, 120.0))  # a cell is 111 km
    assert shared_share(net, first, close) <= 0.5
    assert shared_share(net, first, close, 120.0) > 0.5
    assert shared_share(net, first, apart, 120.0) <= 0.5
    assert shared_share(net, first, first, 120.0) == 1
    assert np.abs(net.lat[list(apart.nodes)] - 4.5).max() >= 2


def test_impossible_networks_are_refused():
    with pytest.raises(BadInput, match="time must be above zero"):
        network([(0, 1, 0.0, 1)])
    with pytest.raises(BadInput, match="place that does not exist"):
        network([(0, 3, 1, 1)], 2)


def test_a_raster_as_a_network():
    grid = Grid(0.0, 3.0, 1.0, 3, 5, plane=True)
    kmh = np.full((3, 5), 2.0)
    hazard = np.zeros((3, 5))
    hazard[1, 2] = 1.0
    net = grid_network(grid, kmh, hazard)
    front = pareto_front(net, net.node_at(0.5, 1.5), net.node_at(4.5, 1.5))
    assert front.corridors[0].hours == pytest.approx(2.0)
    assert front.corridors[0].exposure == pytest.approx(0.5)  # half an hour in the cell
    assert front.corridors[-1].exposure == 0
    kmh[:, 2] = 0
    barred = grid_network(grid, kmh, hazard)
    with pytest.raises(Infeasible):
        pareto_front(barred, barred.node_at(0.5, 1.5), barred.node_at(4.5, 1.5))


def test_a_card_on_paper():
    net = network([(k, k + 1, 3, 1) for k in range(4)])
    way = corridor(net, [0, 1, 2, 3], 0)
    cuts = cut_points(net, way, 4)
    assert cuts == [0, 1, 2, 3, 4]
    reach = np.array([[1.0, 2, 3, 9, 9], [5.0, 5, 5, 4, np.inf]])
    legs, rests = legs_of(net, way, cuts, "ABCDE", leave=9.0, help_hours=reach, helpers=("Base", "Camp"))
    assert [leg.clock for leg in legs] == [12, 15, 18, 9]  # dusk at 18: the last leg waits for six in the morning
    assert [(r.after_leg, r.hours) for r in rests] == [(3, 12)]
    assert [leg.turn_back for leg in legs] == [True, True, False, False]
    assert [(leg.helper, leg.helper_hours) for leg in legs] == [("Base", 2), ("Base", 3), ("Camp", 4), ("Base", 9)]
    assert not any(leg.dark for leg in legs)
    by_night, rests = legs_of(net, way, cuts, "ABCDE", leave=9.0, daylight=(0.0, 24.0))
    assert [leg.clock for leg in by_night] == [12, 15, 18, 21]
    assert not rests
    dark = [1.0] * 18 + [2.0] * 6
    # Driven through, the last leg is entered at 18; else twelve hours of rest come before it, half of them dark.
    assert exposed(net, way, pace(net, way, cuts, 9.0, WHOLE_DAY), dark) == 5
    stopped = pace(net, way, cuts, 9.0, (6.0, 18.0))
    assert stopped.arrive_after_hours == 24
    assert exposed(net, way, stopped) == pytest.approx(4 + 12 / 3)
    assert exposed(net, way, stopped, dark) == pytest.approx(4 + (6 + 2 * 6) / 3)
    with pytest.raises(BadInput, match="24 factors"):
        exposed(net, way, stopped, [1.0])


@given(st.lists(st.floats(0.2, 8), min_size=1, max_size=9), st.floats(0, 23.9))
def test_a_convoy_moves_by_day_and_its_rests_are_what_the_way_takes_longer(hours, leave):
    net = network([(k, k + 1, h, 1) for k, h in enumerate(hours)])
    way = corridor(net, list(range(len(hours))), 0)
    found = pace(net, way, list(range(len(hours) + 1)), leave, (6.0, 18.0))
    assert found.arrive_after_hours == pytest.approx(way.hours + sum(r.hours for r in found.rests))
    assert np.all(np.diff(np.r_[leave, found.enter]) >= -1e-9)
    for enter, time in zip(found.enter % 24, hours, strict=True):
        assert enter >= 6 - 1e-6
        assert enter + time <= 18 + 1e-6
    assert exposed(net, way, found) == pytest.approx(way.exposure + sum(r.exposure for r in found.rests))


def test_a_leg_longer_than_the_day_is_marked():
    net = network([(0, 1, 14, 1)])
    legs, _ = legs_of(net, corridor(net, [0], 0), [0, 1], "AB", leave=6.0)
    assert legs[0].dark
