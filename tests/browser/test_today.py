"""The morning's page: new since the last visit, open and late, without a lead; each role sees only what is theirs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations

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
