import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.errors import BadInput
from tocsin.plan.patrols.track import Stop, follow, read_gpx, write_gpx

PLAN = [Stop("a", 20.0, 0.0), Stop("b", 20.5, 0.0), Stop("c", 21.0, 0.0)]


def gpx(points, times=()):
    rows = "".join(
        f'<trkpt lon="{x}" lat="{y}">' + (f"<time>{times[k]}</time>" if times else "") + "</trkpt>"
        for k, (x, y) in enumerate(points)
    )
    return f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{rows}</trkseg></trk></gpx>'.encode()


def test_a_track_on_paper():
    # Along the equator to b, then 10 km north instead of on to c.
    track = read_gpx(gpx([(20, 0), (20.5, 0), (20.5, 0.09)], [f"2026-01-01T0{h}:00:00Z" for h in (6, 8, 9)]))
    found = follow(PLAN, track)
    assert found.reached == (True, True, False)
    assert found.share == pytest.approx(2 / 3)
    assert found.in_order
    assert found.at[1] - found.at[0] == pytest.approx(7200)
    assert found.km == pytest.approx(65.6, abs=0.2)
    assert found.off_plan_km == pytest.approx(10.0, abs=0.1)
    assert found.nearest_km[2] == pytest.approx(55.6, abs=0.2)


def test_the_other_way_round_is_not_in_order():
    found = follow(PLAN, read_gpx(gpx([(21, 0), (20, 0)])))
    assert found.share == 1
    assert not found.in_order
    assert found.at == (None, None, None)


@given(st.lists(st.tuples(st.floats(-170, 170), st.floats(-80, 80)), min_size=1, max_size=6))
def test_a_plan_driven_as_written_is_followed(points):
    stops = [Stop(f"<{k}>", round(x, 6), round(y, 6)) for k, (x, y) in enumerate(points)]
    found = follow(stops, read_gpx(write_gpx("a & b", stops).encode()))
    assert found.share == 1
    assert np.all(np.array(found.nearest_km) < 0.01)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE gpx [<!ENTITY a 'b'>]><gpx/>", "document type"),
        (b"<gpx/>", "no points"),
        (b"not xml", "not GPX"),
        (b"<kml><trkpt lon='1' lat='2'/></kml>", "not a GPX"),
        (gpx([(20, 0), (20, 99)]), "point 2"),
        (gpx([("x", 0)]), "point 1"),
    ],
)
def test_what_is_no_track_is_refused(body, why):
    with pytest.raises(BadInput, match=why):
        read_gpx(body)
