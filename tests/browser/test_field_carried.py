"""In the field: what is carried along without a link, a link that loses things, a picture nobody takes."""

import base64
import datetime as dt
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Room, Watched
from tests.browser.lossy import lossy
from tests.browser.test_field import WORDS, cut, me, opened, stores
from tests.browser.test_room import violations
from tocsin.core.time import utc_now

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
NUMBER = "+23670123477"


def seeded(watched: Watched) -> None:
    """A focal point of the assistant's own, one of somebody else's, and a warning that is out."""
    ask = watched.room.ask
    label = {"kind": "focal_point", "language": "fr", "addresses": {"sms": NUMBER}}
    ask("liaison_assistant", "/api/contacts", {**label, "label": "Market committee of Zaka"})
    ask("duty_officer", "/api/contacts", {**label, "label": "Not hers", "addresses": {"sms": "+23670123488"}})
    ask("liaison_assistant", "/api/reports", {"text": "des hommes armés", "kind": "liaison", "sender": "+23670123499"})
    texts = {
        "en": {"headline": "Keep off the Zaka road", "description": "Armed men.", "instruction": "Stay home."},
        "fr": {"headline": "Évitez la route de Zaka", "description": "Hommes armés.", "instruction": "Restez là."},
    }  # fmt: skip
    place = ask("analyst", "/api/assess/places?most=3")["features"][0]["geometry"]["coordinates"]
    drafted = {
        "event": "Armed presence", "texts": texts, "area_name": "Zaka",
        "expires_at": (utc_now() + dt.timedelta(days=2)).isoformat(),
        "circle": [*place, 10], "status": "Exercise",
    }  # fmt: skip
    made = ask("duty_officer", "/api/warnings", drafted)
    ask("duty_officer", f"/api/warnings/{made['id']}/release", {"changed": made["changed"]})


def plaintext(page: Page, words: str) -> bool:
    """Whether some words lie readable in any store of the device."""
    return bool(
        page.evaluate(
            """async (words) => {
            const told = (q) => new Promise((r) => { q.onsuccess = () => r(q.result); });
            const db = await told(indexedDB.open('tocsin-field'));
            let found = JSON.stringify({...localStorage}).includes(words);
            for (const name of db.objectStoreNames) {
                for (const row of await told(db.transaction(name).objectStore(name).getAll())) {
                    const deep = (v) => v instanceof ArrayBuffer ? new TextDecoder().decode(v)
                        : ArrayBuffer.isView(v) ? new TextDecoder().decode(v)
                        : v && typeof v === 'object' ? Object.values(v).map(deep).join(' ') : String(v);
                    found ||= deep(row).includes(words);
                }
            }
            db.close();
            return found;
        }""",
            words,
        )
    )


def test_alerts_focal_points_and_warnings_are_there_without_a_link(visit: Visit) -> None:
    seeded(visit("liaison_assistant"))
    watched = opened(visit)
    page = watched.page
    told = watched.room.ask("liaison_assistant", "/api/field/carried")
    assert [p["label"] for p in told["points"] if p["kind"] == "warned"] == ["Market committee of Zaka"]
    assert any(p["kind"] == "tells" for p in told["points"])
    assert "+236" not in json.dumps(told)
    expect(page.get_by_text("Keep off the Zaka road")).to_be_visible(timeout=20_000)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("async () => (await caches.keys()).length > 0 && await caches.match('/field')")
    cut(watched, True)
    page.reload()
    page.locator("input[name=passphrase]").fill(WORDS)
    page.locator("form button.main").click()
    expect(page.get_by_text("Keep off the Zaka road")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Read it").first.click()
    expect(page.get_by_text("Stay home.")).to_be_visible()
    expect(page.get_by_text("Market committee of Zaka")).to_be_visible()
    alerts = page.locator("section", has=page.get_by_role("heading", name="Alerts in my area"))
    expect(alerts.locator("li")).to_have_count(len(told["alerts"]))
    assert len(told["alerts"]) > 0
    assert not plaintext(page, "Zaka")
    assert "+236" not in page.inner_text("main")
    assert violations(page) == []
    page.set_viewport_size({"width": 375, "height": 2300})
    watched.shot("field-carried.en.day.375")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("Market committee of Zaka")).to_have_count(0)


def write(page: Page, text: str) -> None:
    page.get_by_label("What happened").fill(text)
    page.locator(".form button[type=submit]").first.click()


def test_a_link_that_loses_a_third_of_everything_loses_and_doubles_nothing(chromium: Browser, room: Room) -> None:
    with lossy(room.address) as link:
        address = f"http://127.0.0.1:{link.port}"
        context = chromium.new_context(viewport={"width": 375, "height": 812}, locale="en-GB")
        cookie = {"name": "tocsin_session", "value": room.cookies["liaison_assistant"], "url": address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(address + "/field")
        page.locator("input[name=passphrase]").fill(WORDS)
        page.locator("form button.main").click()
        page.wait_for_selector("textarea", timeout=30_000)
        link.unasked, link.unanswered = 0.2, 0.15
        texts = [f"zfq lossy {n}" for n in range(4)]
        for text in texts:
            write(page, text)
        for _ in range(60):
            page.wait_for_timeout(150)
            if page.locator("ol li", has_text="zfq lossy").count() == 0:
                break
            page.get_by_role("button", name="Send now").click()
        expect(page.locator("ol li", has_text="zfq lossy")).to_have_count(0)
        context.close()
        assert {"request", "answer"} <= set(link.lost)
    rows = room.ask("duty_officer", "/api/reports?limit=100")["rows"]
    got = [r["text"] for r in sorted(rows, key=lambda r: int(r["id"])) if "zfq lossy" in (r["text"] or "")]
    assert got == texts  # each once, in order


def test_what_is_written_while_the_one_before_is_being_sealed_stays(visit: Visit) -> None:
    """A slow phone: the form is the person's again at once, and nothing written meanwhile is cleared."""
    watched = opened(visit)
    page = watched.page
    page.evaluate(
        """() => {
            const quick = crypto.subtle.encrypt.bind(crypto.subtle);
            const slowly = () => new Promise((done) => setTimeout(done, 400));
            crypto.subtle.encrypt = async (...all) => { await slowly(); return quick(...all); };
        }"""
    )
    write(page, "zfq slow 1")
    page.get_by_label("What happened").fill("zfq slow 2")
    page.wait_for_timeout(900)
    expect(page.get_by_label("What happened")).to_have_value("zfq slow 2")
    page.evaluate("() => { crypto.subtle.encrypt = () => Promise.reject(new Error('no room')); }")
    page.locator(".form button[type=submit]").first.click()
    expect(page.get_by_text("This device has no room left")).to_be_visible()
    expect(page.get_by_label("What happened")).to_have_value("zfq slow 2")
    rows = watched.room.ask("duty_officer", "/api/reports?limit=100")["rows"]
    assert [r["text"] for r in rows if "zfq slow" in (r["text"] or "")] == ["zfq slow 1"]


def with_picture(page: Page, text: str) -> None:
    drawn = page.evaluate(
        """() => { const c = document.createElement('canvas'); c.width = 300; c.height = 200;
        const pen = c.getContext('2d'); pen.fillStyle = '#842'; pen.fillRect(0, 0, 300, 200);
        return c.toDataURL('image/jpeg').split(',')[1]; }"""
    )
    page.get_by_label("What happened").fill(text)
    page.get_by_label("Add a photo").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": base64.b64decode(drawn)}
    )
    expect(page.locator(".photo img")).to_be_visible()
    page.locator(".form button[type=submit]").first.click()


@pytest.mark.parametrize("status", [422, 500])
def test_a_picture_that_is_not_taken_waits_for_the_person_and_holds_nobody_up(visit: Visit, status: int) -> None:
    watched = opened(visit)
    page = watched.page

    def no(route: Route) -> None:
        body = {"type": "urn:tocsin:bad-input", "title": "a picture has at most 2 MB", "status": status}
        route.fulfill(status=status, json=body)

    page.route("**/picture", no)
    with_picture(page, f"zfq picture {status}")
    write(page, f"zfq after it {status}")
    expect(page.locator("ol li", has_text=f"zfq after it {status}")).to_have_count(0, timeout=20_000)
    row = page.locator("ol li", has_text="The words arrived")
    for _ in range(5):  # what may pass by itself is tried a few times, not for ever
        if row.count():
            break
        page.get_by_role("button", name="Send now").click()
        page.wait_for_timeout(300)
    expect(row).to_contain_text("a picture has at most 2 MB")
    expect(row.locator("img")).to_be_visible()
    if status == 422:
        watched.shot("field-photo-refused.en.day.375")
        assert violations(page) == []
    page.reload()
    page.locator("input[name=passphrase]").fill(WORDS)
    page.locator("form button.main").click()
    expect(row).to_contain_text("a picture has at most 2 MB", timeout=20_000)  # still there
    page.unroute("**/picture")
    if status == 422:
        row.get_by_role("button", name="Remove it").click()
    else:
        row.get_by_role("button", name="Send it again").click()
    expect(page.locator("ol li img")).to_have_count(0, timeout=20_000)
    assert stores(page)["waiting"] == 0
    rows = watched.room.ask("duty_officer", "/api/reports?limit=100")["rows"]
    (found,) = [r for r in rows if f"zfq picture {status}" in (r["text"] or "")]
    kept = watched.room.ask("duty_officer", f"/api/reports/{found['id']}")["attachments"]
    assert len(kept) == (0 if status == 422 else 1)
    assert me(watched)
    watched.wrong = [w for w in watched.wrong if f"status of {status}" not in w]


def test_what_is_carried_speaks_the_reader_s_language(visit: Visit) -> None:
    watched = opened(visit, "ar", "night")
    page = watched.page
    expect(page.get_by_text("Keep off the Zaka road")).to_be_visible(timeout=20_000)
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.set_viewport_size({"width": 375, "height": 2300})
    watched.shot("field-carried.ar.night.375")
    told = watched.room.ask("liaison_assistant", "/api/field/carried?lang=fr")
    assert told["warnings"][0]["headline"] == "Évitez la route de Zaka"
