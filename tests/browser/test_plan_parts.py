"""Planning by hand on the screen: parts of a plan kept, cards of patrols and convoys printed, a room without a plan."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watched
from tests.browser.test_plan import ready
from tests.browser.test_room import violations

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]


def whole(watched: Watched, page: Page, name: str) -> None:
    """A picture of all of a page."""
    size = page.viewport_size
    assert size
    tall = page.evaluate("document.querySelector('main').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(int(tall) + 60, 5000)})
    watched.still()
    watched.shot(name)
    page.set_viewport_size({"width": size["width"], "height": size["height"]})


def test_parts_of_a_plan_are_weighed_and_kept_as_a_plan(visit: Visit) -> None:
    watched = visit("planner")
    page = ready(watched)
    ask = watched.room.ask
    plan = ask("planner", "/api/plan/parts")
    effects = [ask("planner", "/api/plan/parts", {"run": plan["run"], "taken": t}) for t in ([], [0])]
    assert effects[1]["risk_after"] > effects[0]["risk_after"] == effects[0]["risk"]
    card = page.locator("#parts")
    boxes = card.get_by_role("checkbox")
    expect(boxes).to_have_count(len(plan["changes"]))
    expect(card.locator(".parts-effect")).to_be_visible()
    card.get_by_role("button", name="Take none").click()
    boxes.first.focus()
    page.keyboard.press("Space")
    shown = f"{effects[1]['risk_after'] * 100:.0f}%"
    expect(card.locator(".parts-effect dd").first).to_contain_text(f"to {shown}")
    card.get_by_role("button", name="Keep this move as a plan").or_(
        card.get_by_role("button", name="Keep 1 move as a plan")
    ).click()
    table = page.locator("table", has_text="New bases")
    expect(table.locator("thead th")).to_have_count(3)
    expect(page.locator(".tag", has_text="chosen by hand").first).to_be_visible()
    made = ask("planner", "/api/plan/made")
    assert made[0]["part_of"] == plan["run"]
    assert made[0]["adds"] + made[0]["moves"] == 1
    whole(watched, page, "plan-parts.en.day.1440")
    assert violations(page) == []


def ask_for_cards(watched: Watched) -> None:
    """A way and patrols, asked for in the form."""
    page = watched.go("/plan/cards")
    page.get_by_label("Hours at a place").fill("0.5")
    page.get_by_role("button", name="Plan patrols").click()
    expect(page.locator(".wishes li").first).to_contain_text("Patrols")
    page.get_by_text("A convoy's way").first.click()
    for label, number in (("From", 3), ("To", 9)):
        page.get_by_role("combobox", name=label, exact=True).click()
        page.get_by_role("option").nth(number).click()
    page.get_by_role("button", name="Find the way").click()
    expect(page.locator(".wishes li").nth(1)).to_be_visible()
    for number in (0, 1):
        expect(page.locator(".wishes li").nth(number).locator(".tag")).to_have_text("done", timeout=180_000)


def test_cards_are_asked_for_drawn_by_lot_and_printed(visit: Visit) -> None:
    watched = visit("planner")
    ask_for_cards(watched)
    page = watched.page
    watched.shot("plan-cards.en.day.1440")
    runs = {c["objective"]: c["run"] for c in watched.room.ask("planner", "/api/plan/cards")}
    page.locator(".wishes li", has_text="Patrols").get_by_role("link", name="Open the cards").click()
    page.get_by_role("button", name="Draw today's cards by lot").click()
    expect(page.locator(".sheet-card").first).to_contain_text("Leave")
    stops = page.locator(".sheet-card tbody tr")
    assert stops.count() >= 1
    whole(watched, page, "card-patrols.en.day.1440")
    assert violations(page) == []
    page.emulate_media(media="print")
    expect(page.locator(".rail")).to_be_hidden()
    expect(page.get_by_role("button", name="Draw again")).to_be_hidden()
    expect(page.locator(".sheet-card").first).to_be_visible()
    watched.shot("card-patrols-printed.en")
    page.emulate_media(media="screen")
    # The routes themselves come by the draw alone.
    told = watched.room.ask("planner", f"/api/plan/cards/{runs['patrols']}")
    assert "stops" not in str(told)
    other = visit("planner", language="ar", theme="night", width=375, height=812)
    page = other.go(f"/plan/cards/{runs['corridor']}")
    page.wait_for_selector(".sheet-card tbody tr")
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    whole(other, page, "card-way.ar.night.375")


def test_without_a_plan_units_move_and_one_can_be_asked_for(visit: Visit) -> None:
    watched = visit("planner")
    watched.missing = True

    def none(route: Route) -> None:
        body: dict[str, Any] = {"type": "urn:tocsin:no-data", "title": "there is no plan yet", "status": 404}
        route.fulfill(status=404, json=body, content_type="application/problem+json")

    watched.page.route("**/api/plan/newest", none)
    page = ready(watched)
    expect(page.get_by_text("There is no plan yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Draw up a plan")).to_be_visible()
    expect(page.get_by_text("Recommended", exact=True)).to_have_count(0)
    page.get_by_text("Add an area or a place").click()
    page.get_by_role("combobox", name="Where", exact=True).click()
    assert page.get_by_role("option").count() > 3  # areas and places are known without a plan
    page.keyboard.press("Escape")
    watched.shot("plan-none.en.day.1440")
