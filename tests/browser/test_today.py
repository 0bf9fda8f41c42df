"""The morning's page: new since the last visit, open and late, without a lead; each role sees only what is theirs."""

import datetime as dt
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations
from tocsin.core.time import utc_now

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]


def test_the_administrator_is_asked_nothing_that_is_refused(visit: Visit) -> None:
    watched = visit("administrator")
    page = watched.go("/today")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Your role shows no cases")).to_be_visible()
    expect(page.get_by_role("heading", name="Sources of data")).to_have_count(0)
    assert violations(page) == []
    watched.shot("today-administrator.en.day.1440")


@pytest.mark.parametrize(
    ("role", "language", "theme", "width"),
    [("duty_officer", "en", "day", 1440), ("duty_officer", "ar", "night", 375), ("analyst", "fr", "day", 375)],
)
def test_what_waits_is_said_first(visit: Visit, role: str, language: str, theme: str, width: int) -> None:
    watched = visit(role, language=language, theme=theme, width=width)
    page = watched.go("/today")
    page.wait_for_selector(".desk")
    page.wait_for_selector(".waiting", state="detached")
    desk = watched.room.ask(role, "/api/today/desk")
    assert desk["no_lead"]
    assert page.locator(f"a[href='/listen/alerts/{desk['no_lead'][0]['id']}']").count() == 1
    assert page.locator(".desk a").count() >= 2
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    tall = page.evaluate("document.querySelector('main').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(tall) + 110, 4000)})
    watched.shot(f"today-{role}.{language}.{theme}.{width}")
    for href in {a.get_attribute("href") for a in page.locator(".desk a").all()}:
        watched.go(str(href))
        page.wait_for_selector(".waiting", state="detached", timeout=30_000)
        assert page.locator(".notice .told").count() == 0, href


def test_what_is_late_stands_in_rows_the_longest_first_and_leads_there(visit: Visit) -> None:
    watched = visit(width=375, height=812)
    alert = watched.room.ask("duty_officer", "/api/alerts?limit=1")["rows"][0]
    ago = [(utc_now() - dt.timedelta(hours=h)).isoformat() for h in (3, 2)]
    late = [
        {"kind": "alert", "id": alert["id"], "name": alert["threat"], "place": alert["place"], "what": "acknowledge",
         "by": ago[0]},
        {"kind": "task", "id": 1, "name": "go and talk", "place": None, "what": "answer", "by": ago[1]},
    ]  # fmt: skip

    def as_if_late(route: Route) -> None:  # what makes cases late is tested in the room; here they only come too late
        desk = route.fetch().json()
        route.fulfill(json={**desk, "late": {**desk["late"], "alerts": len(late)}, "late_cases": late})

    watched.page.route("**/api/today/desk*", as_if_late)
    page = watched.go("/today")
    rows = page.locator("section", has=page.get_by_role("heading", name="Late", exact=False)).locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(alert["place"])
    expect(rows.first).to_contain_text("3")
    expect(page.locator(".desk .tag.bad").first).to_contain_text("2")
    assert violations(page) == []
    watched.shot("today-late.en.day.375")
    rows.first.get_by_role("link").click()
    page.wait_for_url(f"**/listen/alerts/{alert['id']}")
