import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.geometry import distance_km
from tocsin.listen.alerts.names import index_names, sound
from tocsin.listen.alerts.places import Candidate, locate
from tocsin.listen.alerts.radii import CAREFUL, ZERO, calibrate

# name, other names, lon, lat, people, extent
ROWS = [
    ("Bambari", "Bambarie", 20.67, 5.76, 41000, 0),
    ("Ippy", "Ippi", 21.22, 6.27, 28000, 0),
    ("Ndélé", "N'Délé|NDL|اندله", 20.65, 8.41, 27000, 0),
    ("Sam Ouandja", "", 23.25, 8.53, 5000, 0),
    ("Kabo", "", 18.62, 7.65, 9000, 0),
    ("Kabo", "", 22.0, 6.0, 300, 0),
    ("Ouaka", "", 20.9, 6.0, math.nan, 120),
    ("Ngola 2", "", 19.5, 6.5, math.nan, 0),
]
PLACES = index_names(*zip(*[r[:4] for r in ROWS], strict=True), [r[5] for r in ROWS], [r[4] for r in ROWS])


def first(text: str, **options: object) -> Candidate:
    return locate(text, PLACES, **options)[0]


@pytest.mark.parametrize(
    ("text", "name", "evidence"),
    [
        ("attaque à Bambari", "Bambari", "exact"),
        ("ATTAQUE A BAMBARI", "Bambari", "exact"),
        ("attaque à ippi", "Ippy", "exact"),
        ("attaque à n'dele", "Ndélé", "exact"),
        ("هجوم على اندله", "Ndélé", "exact"),
        ("attack in Sam-Ouandja", "Sam Ouandja", "exact"),
        ("attack in Samwandja last night", "Sam Ouandja", "alike"),
        ("attaque à Bambarri", "Bambari", "alike"),
        ("near Ippy", "Ippy", "near"),
        ("Zoumbala village, Ippy", "Ippy", "inside"),
        ("the Ouaka prefecture", "Ouaka", "area"),
        ("20 km from Ippy", "Ippy", "ring"),
        ("hommes armés à Ngola 2", "Ngola 2", "exact"),
    ],
)
def test_reads_names(text: str, name: str, evidence: str) -> None:
    found = first(text)
    assert (found.name, found.evidence) == (name, evidence)


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("15 km north of Bambari", 20.67, 5.76 + 15 / 111.2),
        ("à 15 km au nord de Bambari", 20.67, 5.76 + 15 / 111.2),
        ("15 كم شمال Bambari", 20.67, 5.76 + 15 / 111.2),
        ("15,5 km à l'ouest de Ippy", 21.22 - 15.5 / (111.2 * math.cos(math.radians(6.27))), 6.27),
        ("armed men between Bambari and Ippy", 20.945, 6.015),
        ("barrière sur l'axe Bambari–Ippy", 20.945, 6.015),
    ],
)
def test_reads_distances_and_axes(text: str, lon: float, lat: float) -> None:
    found = first(text)
    assert float(distance_km(found.lon, found.lat, lon, lat)) < 0.5


def test_axis_with_a_distance_lies_so_far_along() -> None:
    found = first("20 km sur l'axe Bambari–Ippy")
    assert found.evidence == "axis"
    assert float(distance_km(found.lon, found.lat, 20.67, 5.76)) == pytest.approx(20, abs=0.5)


def test_same_names_are_told_apart_by_who_sends() -> None:
    assert first("attaque à Kabo").lon == 18.62  # the larger one
    assert first("attaque à Kabo", home=(22.1, 6.1)).lon == 22.0
    both = locate("attaque à Kabo", PLACES)
    assert [c.lon for c in both] == [18.62, 22.0]


def test_nothing_named_is_the_senders_usual_place_or_nothing() -> None:
    assert locate("attaque cette nuit", PLACES) == ()
    assert locate("", PLACES) == ()
    found = first("attaque cette nuit", home=(21.0, 6.0))
    assert (found.lon, found.lat, found.evidence) == (21.0, 6.0, "home")
    assert found.radius_km >= CAREFUL["home"]


def test_airport_codes_and_far_likenesses_are_no_places() -> None:
    assert locate("attack NDL", PLACES) == ()
    assert locate("attaque à Zabo", PLACES) == ()  # first letter differs, and four letters


def test_radius_grows_with_what_is_not_known() -> None:
    radius = {e: first(t).radius_km for t, e in (
        ("Bambari", "exact"), ("Zoumbala, Bambari", "inside"), ("Ouaka", "area"), ("60 km from Bambari", "ring"),
    )}  # fmt: skip
    assert radius["exact"] < radius["inside"] < radius["area"]
    assert radius["ring"] == 60


@given(st.text(max_size=60))
def test_any_text_gives_sound_candidates(text: str) -> None:
    found = locate(text, PLACES, home=(20.0, 6.0))
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    for one in found:
        assert abs(one.lon) <= 180
        assert abs(one.lat) <= 90
        assert one.radius_km >= 0
        assert 0 <= one.score <= 1
    sound(text)


def test_most_slips_in_a_long_name_are_forgiven() -> None:
    tried = forgiven = 0
    for name in {r[0] for r in ROWS if len(r[0]) >= 6}:
        for at in range(1, len(name) - 1):
            for slipped in (
                name[:at] + name[at + 1 :],
                name[:at] + name[at] + name[at:],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            ):
                tried += 1
                forgiven += name in {PLACES.names[h.row] for h in PLACES.find(slipped)}
    assert forgiven / tried > 0.85


def test_calibration_holds_the_share_it_was_asked_for() -> None:
    rng = np.random.default_rng(5)
    found = [Candidate("x", 0, 0, 0.0, 1, "inside")] * 400
    radii = calibrate(found[:200], rng.exponential(40, 200), 0.8)
    inside = rng.exponential(40, 20000) <= radii["inside"]
    assert 0.72 < inside.mean() < 0.88
    assert radii["axis"] == 2 * CAREFUL["axis"]  # never seen
    assert set(ZERO) == set(radii)
