"""The operations room as people meet it: every place, by mouse and by keys, in each language, on desk and phone."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watched
from tests.conftest import ROOT

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
PLACES = (
    "/today", "/listen", "/listen/reports?all=1", "/listen/import", "/assess", "/plan", "/act", "/act/duty",
    "/act/warnings", "/learn", "/field",
)  # fmt: skip
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What axe finds. It is run in the page's own world, which no policy of ours lets a page do by itself."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(f"axe.run(document, {{runOnly: {json.dumps(TAGS)}}}).then(r => r.violations)")
    return [f"{v['id']}: {n['target']} {n['failureSummary'][:160]}" for v in found for n in v["nodes"][:4]]


# What a forecast rests on: the demonstration is too short for the model that keeps it.
SIDES = [
    {"group": "here", "factor": 4.3, "low": 4.0, "high": 4.9, "stable": True},
    {"group": "alerts", "factor": 0.6, "low": 0.4, "high": 1.1, "stable": False},
    {"group": "lately", "factor": 1.2, "low": None, "high": None, "stable": None},
    {"group": "people", "factor": 1.01, "low": None, "high": None, "stable": None},
]
RESTS_ON = {
    "beyond": ["here"],
    "compared": [
        {"against": against, "month": "2026-01", "chance": 0.4, "chance_there": 0.12, "parts": SIDES}
        for against in ("typical", "month")
    ],
}


def with_reasons(route: Route) -> None:
    """Answers for a cell as the server gives them, with what a forecast rests on added."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "rests_on": RESTS_ON})


def one_alert(watched: Watched) -> int:
    return int(watched.room.ask("duty_officer", "/api/alerts?limit=1")["rows"][0]["id"])


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("en", "day", 1440), ("fr", "night", 375), ("ar", "night", 1440)],
)
def test_every_place_is_accessible_quiet_and_whole(visit: Visit, language: str, theme: str, width: int) -> None:
    watched = visit(language=language, theme=theme, width=width, height=812 if width < 600 else 900)
    gid = watched.room.ask("analyst", "/api/assess/map")["cells"][40]["gid"]
    watched.page.route("**/api/assess/cells/*", with_reasons)
    wrong: list[str] = []
    for path in (*PLACES, f"/assess/cells/{gid}", f"/listen/alerts/{one_alert(watched)}"):
        page = watched.go(path)
        page.wait_for_selector(".waiting", state="detached", timeout=30_000)
        if path == "/assess":
            page.locator("details.covered summary").click()
        watched.still()
        name = re.sub(r"\W+", "-", path.strip("/"))
        watched.shot(f"{re.sub(r'[0-9]+$', 'one', name)}.{language}.{theme}.{width}")
        wrong += [f"{path} {v}" for v in violations(page)]
        assert page.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
        wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if wide > 0:
            wrong.append(f"{path} is {wide} px too wide")
    assert wrong == []


def test_arabic_is_mirrored_and_counts_in_its_own_digits(visit: Visit) -> None:
    page = visit(language="ar").go("/assess")
    rail, main = page.locator(".rail").bounding_box(), page.locator("main").bounding_box()
    assert rail
    assert main
    assert rail["x"] > main["x"]
    assert re.search("[٠-٩]", page.locator(".timeline-now").inner_text())
    page.wait_for_selector("table")
    assert page.locator("thead th").first.bounding_box()["x"] > page.locator("thead th").nth(2).bounding_box()["x"]  # type: ignore[index]


def test_a_night_of_triage_by_keys_alone(visit: Visit) -> None:
    watched = visit()
    page = watched.go("/listen")
    page.wait_for_selector(".case")
    page.keyboard.press("j")
    page.wait_for_url("**/listen/alerts/*")
    first = page.url
    page.keyboard.press("j")
    page.wait_for_function("first => location.href !== first", arg=first)
    page.keyboard.press("k")
    page.wait_for_function("first => location.href === first", arg=first)
    shown = re.search(r"/listen/alerts/(\d+)", first)
    assert shown
    expect(page.locator(".case-card")).to_contain_text(f"alert {shown[1]} ")  # the one before may still stand there
    expect(page.get_by_role("button", name="Acknowledge")).to_be_enabled()
    watched.settled(int(shown[1]))
    page.wait_for_timeout(500)  # what the live queue told by then is on the page
    page.keyboard.press("a")
    expect(page.locator(".said")).to_contain_text("Acknowledged")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next in the queue")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/assess")
    page.keyboard.press("/")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("plan")
    page.keyboard.press("Enter")
    page.wait_for_url("**/plan")
    page.go_back()
    page.wait_for_url("**/assess")


def test_what_was_set_aside_comes_back_with_undo(visit: Visit) -> None:
    watched = visit()
    page = watched.go("/listen/reports")
    page.wait_for_selector(".case")
    waiting = page.locator(".case").count()
    page.locator(".with-check input").first.check()
    page.get_by_role("button", name="Set aside").click()
    page.get_by_role("menuitem", name="not relevant").click()
    expect(page.locator(".said")).to_contain_text("set aside")
    expect(page.locator(".case")).to_have_count(waiting - 1)
    page.keyboard.press("u")
    expect(page.locator(".case")).to_have_count(waiting)


def test_an_alert_is_split_and_put_together_again_by_keys_and_a_list_in_a_dialog(visit: Visit) -> None:
    watched = visit()
    several = [a for a in watched.room.ask("duty_officer", "/api/alerts?limit=100")["rows"] if a["reports"] > 1]
    alert = several[-1]
    page = watched.go(f"/listen/alerts/{alert['id']}")
    page.locator(".voices input").first.check()
    page.keyboard.press("s")
    expect(page.locator(".said")).to_contain_text("Split into a new alert")
    watched.settled(alert["id"])
    newest = max(a["id"] for a in watched.room.ask("duty_officer", "/api/alerts?limit=100")["rows"])
    expect(page.locator(".voices li")).to_have_count(alert["reports"] - 1)
    page.keyboard.press("m")
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name=re.compile(f"^{newest} ·")).click()  # a list that the dialog cut off could not be
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    expect(page.locator(".said")).to_contain_text("Merged")
    expect(page.locator(".voices li")).to_have_count(alert["reports"])


def test_from_alert_to_task_to_done(visit: Visit) -> None:
    watched = visit()
    page = watched.go(f"/listen/alerts/{one_alert(watched)}")
    page.get_by_role("button", name="Give task").first.click()
    expect(page.locator(".said")).to_contain_text("Task given")
    watched.go("/act")
    page.locator(".task a").first.click()
    page.wait_for_url("**/act/tasks/*")
    for state in ("acknowledged", "under way", "arrived", "done"):
        page.get_by_role("button", name=f"Mark as {state}").click()
    page.get_by_role("dialog").get_by_role("button", name="Finish the task").click()
    expect(page.locator(".fact-value").first).to_have_text("done")
    watched.shot("task-done.en.day.1440")


def test_new_reports_come_by_themselves(visit: Visit) -> None:
    watched = visit()
    page = watched.go("/listen/reports?all=1")
    expect(page.locator(".tag.good")).to_have_text(re.compile("live"))
    watched.room.ask("duty_officer", "/api/reports", {"text": "zvq nobody knows this place", "kind": "radio"})
    expect(page.locator(".case").first).to_contain_text("zvq nobody knows", timeout=15_000)


def test_the_month_slider_moves_map_table_and_address(visit: Visit) -> None:
    watched = visit()
    page = watched.go("/assess?show=chance")
    watched.still()
    before = page.locator(".timeline-now strong").inner_text()
    page.locator("input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".timeline-now strong").inner_text() != before
    expect(page.locator(".timeline-now .tag")).to_have_text("recorded")
    page.get_by_text("High end", exact=True).click()
    page.wait_for_url("**show=high**")
    page.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option").nth(4).click()
    page.wait_for_url("**against=**")
    watched.still()
    watched.shot("compare.en.day.1440")
    expect(page.locator(".legend figcaption")).to_contain_text("minus")


@pytest.mark.parametrize(
    ("role", "sees"), [("partner", {"Today", "Listen", "Assess", "Act"}), ("administrator", {"Today"})]
)
def test_places_are_those_of_the_role(visit: Visit, role: str, sees: set[str]) -> None:
    watched = visit(role)
    watched.refusals = True
    page = watched.go("/today")
    page.wait_for_selector(".rail a >> nth=0")
    page.wait_for_function("n => document.querySelectorAll('.rail a').length === n", arg=len(sees))
    assert {name.strip() for name in page.locator(".rail a").all_inner_texts()} == sees


def test_a_page_without_link_or_right_says_so_in_words(visit: Visit) -> None:
    watched = visit("administrator")
    watched.refusals = True
    page = watched.page
    page.goto(watched.room.address + "/plan")
    expect(page.locator(".notice h2")).to_have_text("Not for your role")
    watched.shot("forbidden.en.day.1440")
    desk = visit("duty_officer")
    desk.go("/today")
    desk.page.context.set_offline(True)
    desk.page.locator(".rail a", has_text="Plan").click()
    expect(desk.page.locator(".top .tag.warn")).to_have_text("No link")
    expect(desk.page.locator(".notice h2").first).to_have_text("No link to the server")
    desk.shot("offline.en.day.1440")
    desk.page.context.set_offline(False)
    # A browser says in its console that a link is gone or a right is missing; that is no fault of the page.
    for one in (watched, desk):
        one.wrong = [w for w in one.wrong if "Failed to load resource" not in w and "ERR_INTERNET" not in w]


def test_nobody_comes_in_unasked(visit: Visit) -> None:
    watched = visit()
    watched.page.context.clear_cookies()
    watched.page.goto(watched.room.address + "/assess?show=high")
    assert "/sign-in?next=" in watched.page.url


def test_everything_that_can_be_clicked_does_something_and_nothing_breaks(visit: Visit) -> None:
    watched = visit()
    page = watched.page
    followed: set[str] = set()
    for path in PLACES:
        watched.go(path)
        page.wait_for_selector(".waiting", state="detached", timeout=30_000)
        # The bar on top is the same everywhere: clicked where there is no map, and where there is one.
        every = "main button:visible" + (", .top button:visible" if path in ("/today", "/assess") else "")
        for number in range(page.locator(every).count()):
            button = page.locator(every).nth(number)
            if button.count() == 0 or not button.is_enabled():
                continue
            button.click()
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            if not page.url.startswith(watched.room.address + path.split("?")[0]):
                watched.go(path)
        links = page.locator("main a[href^='/']:visible")
        hrefs = {str(links.nth(k).get_attribute("href")) for k in range(min(6, links.count()))} - followed - set(PLACES)
        kinds = {re.sub(r"\d+", "N", href): href for href in sorted(hrefs)}  # of pages that differ by a number, one
        hrefs = set(kinds.values())
        followed |= hrefs
        for href in hrefs:
            if not href.startswith(("/brief", "/account")):
                watched.go(href)
                page.wait_for_selector(".waiting", state="detached", timeout=30_000)
                assert page.locator(".notice .told").count() == 0, href
    assert len(followed) > 10
