"""The sentences: what they say about numbers, ignorance and presence."""

import dataclasses
import datetime as dt

import pytest

from tocsin.brief import compose
from tocsin.brief.content import BriefContent, Changes, Estimate, MapUnit, cleaned, plain
from tocsin.brief.page import Page
from tocsin.brief.phrases import chance, estimate, hours, killed, place_name
from tocsin.core.codes import UnitKind
from tocsin.core.errors import BadInput
from tocsin.core.words import translator

EN = translator("en")


def words(page: Page) -> str:
    said = [*page.headlines]
    for section in (*page.front, *page.sections):
        said += [section.title, *section.paragraphs, *section.points, section.note]
        if section.table:
            said += [section.table.caption, *(cell for row in section.table.rows for cell in row)]
    return "\n".join(said)


def test_numbers_deserve_their_digits() -> None:
    assert [killed(v, EN) for v in (0, 0.02, 0.5, 2, 9.96, 41.4, 1234)] == [
        "0",
        "under 0.1",
        "0.5",
        "2",
        "10",
        "41",
        "1,234",
    ]
    assert [chance(v, EN) for v in (0.0, 0.5, 0.999, 1.0)] == ["under 1%", "50%", "over 99%", "over 99%"]
    assert [hours(v, EN) for v in (None, 0.2, 6.0, 11.6)] == [
        "out of reach",
        "under 1\u00a0h",
        "6.0\u00a0h",
        "12\u00a0h",
    ]
    assert estimate(Estimate(5.0), EN) == "5"
    assert estimate(Estimate(14.0, 3.0, 41.2), EN) == "14 (3–41)"


@pytest.mark.parametrize(
    ("bearing", "way"), [(0, "N"), (22, "N"), (23, "NE"), (90, "E"), (225, "SW"), (359, "N"), (-90, "W")]
)
def test_bearings(content: BriefContent, bearing: float, way: str) -> None:
    place = dataclasses.replace(content.places[0], bearing=bearing)
    assert place_name(place, EN) == f"near\u00a0Karo (12\u00a0km\u00a0{way})"


def test_headlines_add_up(content: BriefContent) -> None:
    first, second, third, *_rest = compose(content, "en").headlines
    assert first == ("From January 2019 to December 2019 about 33 civilians are expected to be killed "
                     "(80% interval 12 to 70).")  # fmt: skip
    assert second.startswith("3 places carry 100% of it; first is near\u00a0Karo")
    assert third == "25% of the expected killing is within 6 hours of a unit; 2 of the places below are not."


def test_a_number_is_not_said_twice(content: BriefContent) -> None:
    table = compose(content, "en").sections[0].table
    assert table is not None
    assert table.rows[0][5].endswith("Rising, from 9 in the 6 months before.")
    assert "Falling: 0 killed in 6 months, 5.5 in the 6 before." in table.rows[1][5]


def test_unknown_is_never_zero(content: BriefContent) -> None:
    page = compose(content, "en")
    rows = {r[0]: r for s in page.sections if s.key == "areas" and s.table for r in s.table.rows}
    assert rows["Westland"] == ("Westland", "33", "650", "32.5", "19.6", "0")
    assert rows["Eastland"] == ("Eastland", "under 0.1", "≥ 120", "unknown", "–", "1")
    assert rows["Nowhere"] == ("Nowhere", "no data", "unknown", "unknown", "unknown", "3")
    assert "0 of 360 months" not in words(page)


def test_every_move_says_what_it_could_make_worse(content: BriefContent) -> None:
    table = next(s.table for s in compose(content, "en").sections if s.key == "moves")
    assert table is not None
    assert table.rows[0][2].startswith("Tiva falls out of reach (under 0.1 expected killed).")
    assert table.rows[2][2] == "Not assessed."


def test_presence_is_never_a_cause(content: BriefContent) -> None:
    said = words(compose(content, "en")).lower()
    for wrong in ("prevent", "because of", "reduces", "deter", "thanks to", "saves", "effect of"):
        assert wrong not in said
    assert "associated" in said


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_a_brief_with_almost_nothing(content: BriefContent, language: str) -> None:
    bare = dataclasses.replace(
        content, mission="", total=Estimate(0.0), areas=(), cells=(), units=(), places=(), reach=(), gaps=(), moves=(),
        figures=(), changes=Changes(), unknowns=(), sources=(),
    )  # fmt: skip
    page = compose(bare, language)
    assert [s.key for s in page.front] == ["changes"]
    assert page.sections == ()
    assert len(page.headlines) == 1


def test_unknown_language(content: BriefContent) -> None:
    with pytest.raises(BadInput, match="there is no translation into 'xx'"):
        compose(content, "xx")


def test_text_from_outside_is_made_plain(content: BriefContent) -> None:
    assert plain("a\x00b\u202ec\ud800\ue000d\n\te\u2028f") == "a bcd e f"
    assert len(plain("x" * 5000)) == 400
    unit = cleaned(MapUnit("\x1bA\n", UnitKind.QRF, 1.0, 2.0))
    assert unit == MapUnit("A", UnitKind.QRF, 1.0, 2.0)
    assert cleaned(content) == content
    assert cleaned(dt.date(2020, 1, 1)) == dt.date(2020, 1, 1)


def test_a_brief_in_arabic_runs_from_right_to_left_with_names_kept_apart(content: BriefContent) -> None:
    page = compose(content, "ar")
    assert page.direction == "rtl"
    said = " ".join(page.headlines)
    assert "\u2068near" not in said
    assert any("\u0660" <= sign <= "\u0669" for sign in said)
    assert not any("0" <= sign <= "9" for sign in said)
