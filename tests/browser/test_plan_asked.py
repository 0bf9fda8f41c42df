"""Leaving and what-ifs on the screen: asked for, left, found again, read; a file brought in; who may not ask."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.test_plan_parts import whole
from tests.browser.test_room import violations

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
LONG = 120_000


def test_an_order_of_leaving_and_what_ifs_are_asked_for_and_read(visit: Visit, tmp_path: Path) -> None:
    watched = visit("planner")
    units = [u["name"] for u in watched.room.ask("planner", "/api/plan/board")["units"] if u["kind"] == "base"]
    # What is missing is said in words before anything is sent.
    page = watched.go("/plan/cards")
    page.get_by_text("Escorts", exact=True).click()
    page.get_by_role("button", name="Add an escort").click()
    page.get_by_label("What is escorted").fill("market convoy")
    page.get_by_role("button", name="Plan patrols").click()
    expect(page.get_by_role("alert")).to_contain_text("Escort 1: write what is escorted, from where and to where.")
    assert violations(page) == []
    # A file of what-ifs fills the form; it is asked for, and worked on while the order is asked for.
    file = tmp_path / "ours.toml"
    file.write_text(
        f'[settings]\nmoves = 0\nadditional = 0\n[scenario."a base lost"]\nwithout_units = ["{units[0]}"]\n'
    )
    page = watched.go("/plan/scenarios")
    expect(page.get_by_label("Name", exact=True)).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_label("Name", exact=True)).to_have_value("a base lost")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".wishes li").first).to_contain_text("a base lost")
    page = watched.go("/plan/leaving")
    page.get_by_label("Months", exact=True).fill("3")
    page.get_by_label("Bases that stay").fill("2")
    page.get_by_role("button", name="Find the order").click()
    expect(page.locator(".wishes li").first.locator(".tag")).to_have_text("done", timeout=LONG)
    page.get_by_role("link", name="Open it").first.click()
    expect(page.locator("table.months thead th")).to_have_count(4)
    told = watched.room.ask("planner", f"/api/plan/leaving/{page.url.rsplit('/', 1)[1]}")
    expect(page.locator("table.months .tag")).to_have_count(told["bases"] - len(told["kept"]))
    expect(page.locator(".curve-mark, polyline.curve")).to_have_count(1 + len(told["compared"]))
    expect(page.get_by_text("What must be in place before each step")).to_be_visible()
    assert violations(page) == []
    whole(watched, page, "plan-leaving.en.day.1440")
    page = watched.go("/plan/scenarios")  # left, and found again
    expect(page.locator(".wishes li").first.locator(".tag").first).to_have_text("done", timeout=LONG)
    page.get_by_role("link", name="Open them").first.click()
    expect(page.locator("table.sides thead th")).to_have_count(3)
    expect(page.locator("table.sides")).to_contain_text(f"without {units[0]}")
    link = page.get_by_role("link", name="Take as one file").get_attribute("href")
    assert b'"a base lost"' in page.request.get(watched.room.address + str(link)).body()
    assert violations(page) == []
    watched.shot("plan-scenarios.en.day.1440")


def test_who_may_not_ask_sees_the_list_or_why_not(visit: Visit) -> None:
    watched = visit("duty_officer", language="ar", width=375)
    for path in ("/plan/leaving", "/plan/scenarios"):
        page = watched.go(path)
        expect(page.locator("section.card h2")).to_have_count(1)
        expect(page.locator("form")).to_have_count(0)
        assert violations(page) == []
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    shut = visit("partner")
    shut.refusals = True
    expect(shut.go("/plan/leaving").get_by_text("plan", exact=False).first).to_be_visible()
    expect(shut.page.locator(".notice")).to_be_visible()
