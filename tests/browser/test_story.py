"""Stories done by hand on the screen: an alert from first words to the task done; a unit moved; reports offline."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]


def test_from_the_first_words_to_the_callers_answer(visit: Visit) -> None:
    watched = visit()
    room = watched.room
    place = room.ask("analyst", "/api/assess/places?most=12")["features"][7]["properties"]["name"]
    page = watched.go("/listen/reports?all=1")
    expect(page.locator(".tag.good")).to_have_text(re.compile("live"))
    words = f"on tire à {place} maintenant, beaucoup d'hommes armés, aidez nous"
    told = room.ask("duty_officer", "/api/reports", {"text": words, "kind": "radio", "sender": "+23670009999"})
    expect(page.locator(".case").first).to_contain_text(place, timeout=20_000)  # by itself, without a reload
    report = room.ask("duty_officer", f"/api/reports/{told['report']}")
    if report["state"] == "waiting":  # not sure of the place: a person accepts it
        watched.go(f"/listen/reports/{told['report']}")
        expect(page.locator(".case-card")).to_be_visible()
        page.keyboard.press("a")
        expect(page.locator(".said")).to_be_visible()
        report = room.ask("duty_officer", f"/api/reports/{told['report']}")
    alert = report["alert_id"]
    assert alert
    watched.settled(alert)
    watched.go(f"/listen/alerts/{alert}")
    expect(page.locator(".level").first).to_have_text(re.compile("[1-4]"))  # graded
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".said")).to_contain_text("Acknowledged")
    page.get_by_role("button", name="Give task").first.click()
    expect(page.locator(".said")).to_contain_text("Task given")
    task = next(r for r in room.ask("duty_officer", "/api/tasks?limit=200")["rows"] if r["alert_id"] == alert)
    watched.go(f"/act/tasks/{task['id']}")
    for state in ("acknowledged", "under way", "arrived", "done"):
        page.get_by_role("button", name=f"Mark as {state}").click()
    page.get_by_role("dialog").get_by_role("button", name="Finish the task").click()
    expect(page.locator(".fact-value").first).to_have_text("done")
    watched.go(f"/listen/alerts/{alert}")
    page.get_by_role("button", name="Close", exact=False).first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator("button.main").click()
    page.wait_for_url("**/listen")
    watched.go(f"/listen/alerts/{alert}")
    page.get_by_role("button", name="A source was told in person").click()
    expect(page.locator(".said")).to_contain_text("the source was told")
    watched.shot("story-alert.en.day.1440")


def test_a_unit_moved_by_name_shows_what_changes_within_a_second(visit: Visit) -> None:
    watched = visit("planner")
    page = watched.go("/plan")
    page.wait_for_selector(".move-card")
    watched.still()
    page.get_by_role("combobox", name="Unit", exact=True).first.click()
    page.get_by_role("option").nth(4).click()
    expect(page.locator(".effect")).to_be_visible(timeout=30_000)  # the first one reads the ground
    page.get_by_role("combobox", name="To", exact=True).click()
    begun = page.evaluate("performance.now()")
    page.get_by_role("option").nth(6).click()
    near = page.locator(".effect strong").inner_text()
    page.wait_for_function("n => document.querySelector('.effect')?.innerText.includes(n)", arg=near)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(r => r.name.endsWith('/api/plan/move')).length >= 2"
    )
    spent = page.evaluate("performance.now()") - begun
    watched.shot("move.en.day.1440")
    assert spent < 5_000  # the figure is the benchmark's; this only says that it does not hang
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".effect")).to_have_count(0)


def test_a_report_written_offline_is_sealed_waits_and_goes_out_once(visit: Visit) -> None:
    watched = visit("liaison_assistant", width=375, height=812)
    page = watched.go("/field")
    page.get_by_label("Passphrase").fill("seven goats on the bridge")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_label("What happened")).to_be_visible(timeout=20_000)
    watched.offline = True
    page.context.set_offline(True)
    for words in ("qzs first report", "qzs second report"):
        page.get_by_label("What happened").fill(words)
        page.locator(".form button[type=submit]").click()
        expect(page.locator("ol li", has_text=words)).to_be_visible()
    kept = page.evaluate(
        """async () => {
            const told = (q) => new Promise((r) => { q.onsuccess = () => r(q.result); });
            const db = await told(indexedDB.open('tocsin-field'));
            const rows = await told(db.transaction('waiting').objectStore('waiting').getAll());
            return rows.map((r) => new TextDecoder('latin1').decode(r.sealed.data) + JSON.stringify(Object.keys(r)));
        }"""
    )
    assert len(kept) == 2
    assert not any("qzs" in row for row in kept)
    watched.shot("field-offline.en.day.375")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("ol li", has_text="qzs")).to_have_count(0, timeout=20_000)
    found: list[str] = []
    for _ in range(40):  # the list is read anew while the program reads what came in
        mine = watched.room.ask("duty_officer", "/api/reports?limit=50")["rows"]
        found = [r["text"] for r in sorted(mine, key=lambda r: int(r["id"])) if "qzs" in (r["text"] or "")]
        if len(found) >= 2:
            break
        page.wait_for_timeout(250)
    assert found == ["qzs first report", "qzs second report"]


def test_the_first_load_of_the_field_page_is_small(visit: Visit) -> None:
    watched = visit("liaison_assistant", width=375, height=812)
    seen: list[int] = []
    watched.page.on("response", lambda answer: seen.append(int(answer.headers.get("content-length", "0"))))
    page = watched.go("/field")
    page.wait_for_load_state("networkidle")
    assert 10_000 < sum(seen) < 300_000, json.dumps(seen)
