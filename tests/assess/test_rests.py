"""What any model's forecast rests on: every model can say, and shares add up to all of it."""

import numpy as np
import pytest

from tests.assess.forecast.test_cells import panel  # noqa: F401
from tocsin.assess.forecast import MODELS
from tocsin.assess.forecast.model import Part
from tocsin.assess.panel import Panel
from tocsin.assess.rests import goes_by, in_words, rests_on
from tocsin.core.errors import BadInput
from tocsin.core.lattice import neighbours
from tocsin.core.words import translator


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_says_what_it_rests_on(panel: Panel, model: str) -> None:  # noqa: F811
    found = rests_on(panel, "os", 3, 2, model)
    assert sum(p.share for p in found.parts) == pytest.approx(1)
    assert [p.share for p in found.parts] == sorted((p.share for p in found.parts), reverse=True)
    assert all(p.month is None or panel.first_month <= p.month <= panel.as_of for p in found.parts), "nothing later"
    for language in ("en", "fr", "ar"):
        lines = in_words(found, translator(language))
        assert 3 <= len(lines) <= 12
    assert not {"because", "cause "} & set(" ".join(in_words(found, translator("en"))).split())


def test_own_past_is_twelve_months_and_that_of_neighbours_as_likely_each() -> None:
    gids = np.sort(np.concatenate([[123_456], neighbours(np.array([123_456]))[0]]))
    plane = np.zeros((20, 9), dtype=np.float32)
    plane[-3, :] = np.nan
    small = Panel(gids, 1, {"os": plane})
    at = int(np.searchsorted(gids, 123_456))
    own = rests_on(small, "os", at, 1, "conflictology").parts
    assert own[0] == Part("month", pytest.approx(1 / 11), 123_456, own[0].month)
    assert {p.month for p in own} == {*range(9, 18), 19, 20}, "a month nobody looked at cannot come again"
    ring = rests_on(small, "os", at, 1, "conflictology_n").parts
    assert {p.gid for p in ring} == set(gids.tolist())
    assert rests_on(small, "os", at, 1, "last").parts == (Part("month", 1.0, 123_456, 20),)
    assert goes_by(small) == "conflictology_n", "twenty months are too few for reasons, and no question is refused"
    with pytest.raises(BadInput, match="oracle"):
        rests_on(small, "os", at, 1, "oracle")
