import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tocsin.assess.forecast import LEVELS, Forecast
from tocsin.core.errors import BadInput


def of(dense, cells, steps=(1,), known=None, orders=None):
    dense = np.asarray(dense, dtype=np.float32)
    return Forecast(
        gids=np.arange(100, 100 + cells),
        as_of=400,
        steps=np.asarray(steps),
        target="os",
        model="test",
        draws=csr_matrix(dense),
        known=np.ones(cells, bool) if known is None else np.asarray(known),
        orders=orders,
    )


SMALL = [[0, 0, 0, 4], [0.25, 30, 0, 1]]


def test_a_forecast_that_can_be_checked_on_paper():
    f = of(SMALL, cells=2)
    assert f.mean().tolist() == [[1.0, 7.8125]]
    assert f.p_any().tolist() == [[0.25, (0.25 + 1 + 0 + 1) / 4]]
    assert f.p_at_least(25).tolist() == [[0.0, 0.25]]
    assert f.total().tolist() == [0.25, 30, 0, 5]
    assert f.total(cells=[101]).tolist() == [0.25, 30, 0, 1]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 12),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.125, 1.0, 2.0, 17.0, 1e6]), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_summaries_equal_those_of_the_dense_draws(cells, n, values, level):
    dense = np.resize(np.asarray(values, dtype=np.float32), (cells * 2, n))
    f = of(dense, cells, steps=(1, 2))
    expect = dense.reshape(2, cells, n).astype(float)
    assert np.allclose(f.mean(), expect.mean(axis=2))
    assert np.allclose(f.p_any(), np.minimum(expect, 1).mean(axis=2))
    assert np.allclose(f.p_at_least(17), (expect >= 17).mean(axis=2))
    assert np.allclose(f.quantiles([level])[0], np.quantile(expect, level, axis=2), rtol=1e-6)
    assert np.allclose(f.total(), expect.sum(axis=(0, 1)))


def test_the_table_has_one_row_a_cell_and_month_and_no_number_where_nothing_is_known():
    f = of(SMALL, cells=2, steps=(1, 2, 3), known=[True, False])
    table = f.table()
    assert list(table) == ["priogrid_gid", "month", "target", "model", "mean", "p_any", "p_25", *LEVELS]
    assert {len(column) for column in table.values()} == {6}
    assert table["month"].tolist() == [401, 401, 402, 402, 403, 403]
    assert table["mean"].dtype == np.float32
    assert np.isnan(table["q50"][1::2]).all()
    assert np.allclose(table["mean"][::2], 1)


def test_a_repeated_block_gives_the_same_months_but_sums_that_are_not_copies():
    block = np.array([[0, 0, 0, 8]])
    orders = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    f = of(block, 1, steps=(1, 2), orders=orders)
    assert f.mean().tolist() == [[2], [2]]
    assert sorted(f.total()) == [0, 0, 8, 8]
    assert f.total(steps=[2]).tolist() == [8, 0, 0, 0]


def test_areas_keep_the_dependence_between_cells():
    f = of([[0, 0, 5, 5], [0, 0, 5, 5], [9, 9, 9, 9]], 3, known=[True, True, False])
    areas = f.over(np.array([1, 2]), csr_matrix([[1, 1, 0], [0, 0, 1]]))
    assert areas.draws.toarray()[0].tolist() == [0, 0, 10, 10]
    assert areas.known.tolist() == [True, False]
    assert np.isnan(areas.mean()[0, 1])


@pytest.mark.parametrize(
    "broken",
    [
        lambda: of([[-1.0]], 1),
        lambda: of([[np.nan]], 1),
        lambda: of([[1.0], [1.0], [1.0]], 2),
        lambda: of([[1.0]], 1, known=[True, True]),
        lambda: of([[1.0]], 1).total(cells=[7]),
        lambda: of([[1.0]], 1).total(steps=[7]),
        lambda: of([[1.0]], 1).quantiles([1.5]),
        lambda: of([[1.0]], 1).p_at_least(0),
    ],
)
def test_what_cannot_be_is_refused(broken):
    with pytest.raises(BadInput):
        broken()
