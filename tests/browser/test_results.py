"""What commands wrote down, on the screen: officers to posts, partners, liaison assistants, what police did."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Route, expect

from tests.browser.conftest import Room, Watched
from tests.browser.test_room import violations
from tocsin.core.mission import load
from tocsin.core.time import utc_now
from tocsin.plan.people.actions import WORSE
from tocsin.store import open_store, writing
from tocsin.store.tables import run
from tocsin.web.api.results import FACTS, TABLES

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
DAYS = [{"name": name, "officer_days": n, "formed_share": 0.25 * n} for n, name in enumerate(("I", "II", "III"), 1)]
GAPS = [{"name": "sexual violence", "faced_share": 0.31, "days_share": 0.04, "short": 0.27}]
WRITTEN: dict[str, dict[str, Any]] = {
    "people": {
        "filled": 1, "posts": 2, "people": 3, "worse": list(WORSE),
        "pairs": [{"post": "east", "person": "U1", "kind": "individual police officer", "place": "12 km NE Kaga",
                   "fit": 0.8123, "short_of": ["Sango", "investigation"]}],
        "vacant": [{"post": "north", "place": "Ndélé", "weight": 5, "why": "nobody speaks the languages asked for"}],
        "rules": [{"rule": "women", "counted": 1, "of": 3}],
        "ending": [{"on": "2026-04-01", "what": "tour of duty", "person": "U1", "post": "east"}],
    },
    "partners": {
        "value": 4.5, "wanted": 9, "forces": 3, "worse": [],
        "passings": [{"giver": "مكوّن الشرطة", "receiver": "Forces armées centrafricaines", "capability": "radio",
                      "quantity": 2, "place": "Obo", "from": "2026-01", "until": None}],
        "gaps": [{"gap": "night flights over the eastern prefectures", "met": [0, 1], "wanted": [2, 2],
                  "why": ["nobody offers it", "too far"]}],
        "stopped": [{"giver": "mission", "receiver": "garrison of Obo", "why": "assessment has run out"}],
    },
    "liaison": {
        "villages": 40, "value": 3.2, "worth": 5.1, "worse": [],
        "assistants": [{"assistant": "CLA 1", "place": "3 km W Bria", "languages": ["Sango", "français"],
                        "serves": ["a", "b"]}],
        "further": [], "not_served": [{"village": "Yalinga", "worth": 0.4, "why": "too far"}],
        "gains": [{"further": 1, "share": 0.71, "gain": 0.12}],
    },
    "police": {
        "lines": 12, "left_out": None, "worse": [], **{f"by_{part}": DAYS for part in
        ("tier", "month", "area", "skill", "kind")}, "area_gaps": GAPS, "skill_gaps": [],
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def written(room: Room) -> Iterator[dict[str, dict[str, Any]]]:
    """A result of each kind in the mission's records, taken out again afterwards."""
    engine = open_store(load(room.folder).store_url)
    rows = [
        {"id": f"test-{kind}", "kind": kind, "inputs": {}, "version": "0", "made_at": utc_now(),
         "output": {"as_of": "2025-12", "last": "2025-12", **told}}
        for kind, told in WRITTEN.items()
    ]  # fmt: skip
    with writing(engine) as connection:
        connection.execute(sa.insert(run), rows)
    yield WRITTEN
    with writing(engine) as connection:
        connection.execute(sa.delete(run).where(run.c.id.in_([r["id"] for r in rows])))
    engine.dispose()


@pytest.mark.parametrize(
    ("kind", "language", "theme", "width"),
    [
        ("people", "ar", "night", 375), ("partners", "fr", "night", 375), ("liaison", "ar", "day", 1440),
        ("police", "en", "day", 375),
    ],
)  # fmt: skip
def test_a_result_is_read_whole_in_each_language(
    visit: Visit, written: dict[str, dict[str, Any]], kind: str, language: str, theme: str, width: int
) -> None:
    watched = visit("planner", language=language, theme=theme, width=width)
    page = watched.go("/learn/police" if kind == "police" else f"/plan/results/{kind}")
    page.wait_for_selector(".fact")
    assert page.locator(".fact").count() == len(FACTS[kind])
    tables = page.locator("section.card:has(table), section.card:has(p)")
    assert tables.count() == len(TABLES[kind])
    shown = [page.locator("section.card").nth(n).locator("tbody tr").count() for n in range(len(TABLES[kind]))]
    assert shown == [len(rows(written[kind])) for _, rows in TABLES[kind].values()]
    words = page.locator("main").inner_text()
    assert not [w for w in ("rcol.", "rtable.", "rfact.", "result.", "undefined", "NaN") if w in words]
    if kind == "people":
        assert page.locator(".reasons li").count() == len(WORSE)
        assert not set(page.locator(".reasons li").all_inner_texts()) & set(WORSE), "in the reader's language"
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    if width < 600:  # a word cut off at the edge looks like another word
        cut = (
            "[...document.querySelectorAll('.scroll-x')].filter((box) => box.scrollWidth > box.clientWidth + 1).length"
        )
        assert page.evaluate(cut) == 0
    page.set_viewport_size({"width": width, "height": 1600})
    watched.shot(f"result-{kind}.{language}.{theme}.{width}")


def test_every_table_is_taken_away_as_a_file_and_the_other_kinds_are_a_click_away(
    visit: Visit, written: dict[str, dict[str, Any]]
) -> None:
    watched = visit("planner")
    page = watched.go("/plan/results/people")
    links = page.locator("a[download]")
    expect(links).to_have_count(2 * len(TABLES["people"]))
    for link in links.all()[:2]:
        answer = page.request.get(watched.room.address + str(link.get_attribute("href")))
        assert answer.ok
        assert "attachment" in answer.headers["content-disposition"]
        assert len(answer.body()) > 20
    with page.expect_download() as saved:
        links.first.click()
    assert saved.value.suggested_filename == "people-pairs.csv"
    page.get_by_role("navigation").get_by_role("link", name="Partners").click()
    page.wait_for_url("**/plan/results/partners")
    expect(page.locator("tbody").first).to_contain_text("Forces armées centrafricaines")


def test_where_nothing_was_made_yet_the_page_names_the_command(visit: Visit) -> None:
    watched = visit("planner")

    def none(route: Route) -> None:
        body = {"type": "urn:tocsin:no-data", "title": "there is no such result yet", "status": 404}
        route.fulfill(status=404, json=body, content_type="application/problem+json")

    watched.page.route("**/api/results/**", none)
    page = watched.go("/learn/police")
    expect(page.get_by_text("tocsin learn police")).to_be_visible()
    assert violations(page) == []
