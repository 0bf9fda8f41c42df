"""Act: what each audience of a warning reads before it goes out, the rota, a unit's page, and the cell it stands in."""

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations
from tocsin.core.lattice import gid_at

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]


def test_a_public_warning_is_read_as_each_audience_will_before_two_release_it(visit: Visit) -> None:
    watched = visit(language="en")
    lon, lat = watched.room.ask("analyst", "/api/assess/places?most=1")["features"][0]["geometry"]["coordinates"]
    for n, (kind, language) in enumerate((("focal_point", "fr"), ("base", "en"))):
        contact = {"kind": kind, "label": f"{kind} {n}", "addresses": {"sms": f"+2367000009{n}"}, "language": language}
        watched.room.ask("duty_officer", "/api/contacts", {**contact, "lon": lon, "lat": lat})
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=12)).isoformat()
    texts = {
        "en": {"headline": "Armed men on the road", "sms": "Armed men on the road. Stay in town."},
        "fr": {"headline": "Hommes armés sur la route", "sms": "Hommes armés sur la route. Restez en ville."},
    }
    drafted = {"event": "Armed group", "texts": texts, "area_name": "Town", "expires_at": until, "scope": "Public"}
    made = watched.room.ask("duty_officer", "/api/warnings", {**drafted, "circle": [lon, lat, 20]})
    page = watched.go(f"/act/warnings/{made['id']}")
    focal = page.locator("section.card", has=page.get_by_role("heading", name="Focal points"))
    expect(focal).to_contain_text("Hommes armés sur la route. Restez en ville.")
    expect(focal).to_contain_text("1 reader")
    expect(page.locator("section.card", has_text="Bases")).to_contain_text("Armed men on the road. Stay in town.")
    expect(page.get_by_text("A public warning needs two people")).to_be_visible()
    assert violations(page) == []
    watched.shot("warning-preview.en.day.1440")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("One person has approved it")).to_be_visible()
    expect(page.get_by_role("button", name="Release")).to_be_visible()


def test_the_rota_of_the_week_and_every_unit_have_a_page(visit: Visit) -> None:
    watched = visit(language="en")
    now = dt.datetime.now(dt.UTC)
    role = watched.room.ask("duty_officer", "/api/duty/on-call")[0]["role"]
    shift = {"first_at": now.isoformat(), "last_at": (now + dt.timedelta(hours=12)).isoformat()}
    person = watched.room.ask("duty_officer", "/api/me")["id"]
    watched.room.ask("duty_officer", "/api/duty/shifts", {"role": role, "person": person, **shift})
    page = watched.go("/act/duty")
    expect(page.locator("section.card", has_text="The coming week").locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Units").click()
    page.wait_for_url("**/act/units")
    first = page.locator("main tbody th a").first
    name = first.inner_text()
    assert violations(page) == []
    page.get_by_role("button", name="Download this table").click()
    with page.expect_download() as taken:
        page.get_by_role("menuitem", name="CSV").click()
    assert taken.value.suggested_filename == "units.csv"
    assert name in taken.value.path().read_text(encoding="utf-8-sig")
    first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    watched.still()
    assert violations(page) == []
    watched.shot("unit.en.day.1440")
    page.get_by_role("link", name="Risk, alerts and reach of this place").click()
    stands = next(
        one["geometry"]["coordinates"]
        for one in watched.room.ask("duty_officer", "/ogc/collections/units/items?limit=1000")["features"]
        if one["properties"]["name"] == name
    )
    page.wait_for_url(f"**/assess/cells/{int(gid_at(*stands))}")
    expect(page.get_by_role("heading", name="How good the forecast has been here")).to_be_visible()
    expect(page.get_by_role("heading", name="Alerts here")).to_be_visible()
    assert page.locator("a[href^='/act/units/']").count() == 8
    watched.still()
