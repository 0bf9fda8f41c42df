"""In the field, on a phone: tasks, call-backs and photos without a link; wiping; and what it costs on a bad link."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations
from tocsin.core.mission import load
from tocsin.listen.alerts.tables import report
from tocsin.store import open_store, writing

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
WORDS = "seven goats on the bridge"
DUE = "2027-01-01T00:00:00Z"
CANARY = b"GPSCANARY6.24N20.61E"


def opened(visit: Visit, language: str = "en", theme: str = "day") -> Watched:
    """The field page of the liaison assistant, unlocked, with what the server knows."""
    watched = visit("liaison_assistant", language, theme, 375, 812)
    page = watched.go("/field")
    page.locator("input[name=passphrase]").fill(WORDS)
    page.locator("form button.main").click()
    page.wait_for_selector(".mission, .card h2 >> nth=2", timeout=30_000)
    return watched


def cut(watched: Watched, gone: bool) -> None:
    watched.offline = True
    watched.page.context.set_offline(gone)


def me(watched: Watched) -> str:
    return str(watched.room.ask("liaison_assistant", "/api/me")["id"])


def given(watched: Watched, what: str) -> int:
    """A task given to the liaison assistant."""
    task = {"what": what, "tier": "I", "component": "civilian", "due_at": DUE, "owner": me(watched)}
    return int(watched.room.ask("duty_officer", "/api/tasks", task)["id"])


def stores(page: Page) -> dict[str, int]:
    """How many things lie in each store of the device."""
    return dict(
        page.evaluate(
            """async () => {
            const told = (q) => new Promise((r) => { q.onsuccess = () => r(q.result); });
            const db = await told(indexedDB.open('tocsin-field'));
            const found = {};
            const count = (name) => told(db.transaction(name).objectStore(name).count());
            for (const name of db.objectStoreNames) found[name] = await count(name);
            db.close();
            return found;
        }"""
        )
    )


def test_a_task_is_acknowledged_begun_and_done_without_a_link(visit: Visit) -> None:
    first = visit("liaison_assistant")
    id = given(first, "Visit the elders of Bakala")
    watched = opened(visit)
    page = watched.page
    mission = page.locator(".mission", has_text="Visit the elders of Bakala")
    expect(mission).to_be_visible(timeout=20_000)
    cut(watched, True)
    for state in ("acknowledged", "under way"):
        mission.get_by_role("button", name=f"Mark as {state}").click()
    mission.get_by_role("button", name="Mark as done").click()
    page.locator("select[name=outcome]").select_option("averted")
    mission.get_by_role("button", name="Finish the task").click()
    expect(mission).to_contain_text("waits to be sent")
    expect(page.locator("h2", has_text="3")).to_be_visible()
    watched.shot("field-tasks.en.day.375")
    assert violations(page) == []
    before = watched.room.ask("duty_officer", f"/api/tasks/{id}")
    assert before["state"] == "given"
    cut(watched, False)
    page.get_by_role("button", name="Send now").click()
    expect(mission).to_have_count(0, timeout=20_000)
    after = watched.room.ask("duty_officer", f"/api/tasks/{id}")
    assert (after["state"], after["outcome"]) == ("done", "averted")
    assert [h["what"] for h in after["history"]].count("acknowledged") <= 1


def test_what_somebody_else_did_meanwhile_is_shown_and_not_lost(visit: Visit) -> None:
    first = visit("liaison_assistant")
    id = given(first, "Call the chief of Zaka")
    watched = opened(visit)
    page = watched.page
    mission = page.locator(".mission", has_text="Call the chief of Zaka")
    expect(mission).to_be_visible(timeout=20_000)
    cut(watched, True)
    mission.get_by_role("button", name="Mark as acknowledged").click()
    seen = watched.room.ask("duty_officer", f"/api/tasks/{id}")["changed"]
    watched.room.ask("duty_officer", f"/api/tasks/{id}/step", {"to": "started", "changed": seen})
    cut(watched, False)
    watched.conflicts = True
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("li", has_text="The mission did not take it")).to_contain_text("Call the chief", timeout=20_000)
    page.get_by_role("button", name="Remove it").click()
    expect(page.locator("li", has_text="The mission did not take it")).to_have_count(0)


def test_a_missed_call_is_called_back_without_a_link(visit: Visit) -> None:
    first = visit("liaison_assistant")
    told = {"text": "missed", "kind": "liaison", "sender": "+23670123456"}
    id = int(first.room.ask("liaison_assistant", "/api/reports", told)["report"])
    engine = open_store(load(first.room.folder).store_url)
    with writing(engine) as connection:  # as the gateway of missed calls leaves it
        connection.execute(sa.update(report).where(report.c.id == id).values(kind="missed_call", text=""))
    engine.dispose()
    watched = opened(visit)
    page = watched.page
    call = page.locator(".mission", has_text="Missed call").first
    expect(call).to_be_visible(timeout=20_000)
    cut(watched, True)
    call.get_by_role("button", name="I called back").click()
    page.get_by_label("What they said").fill("zfq armed men crossed the river")
    watched.shot("field-call.en.day.375")
    assert violations(page) == []
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("ol li", has_text="zfq armed men")).to_be_visible()
    cut(watched, False)
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("ol li", has_text="zfq armed men")).to_have_count(0, timeout=20_000)
    found = watched.room.ask("duty_officer", f"/api/reports/{id}")
    assert found["called_back_at"]
    rows = watched.room.ask("duty_officer", "/api/reports?limit=50")["rows"]
    assert [r["answers"] for r in rows if "zfq armed men" in (r["text"] or "")] == [id]


def test_a_photo_leaves_the_device_without_what_the_camera_wrote(visit: Visit) -> None:
    watched = opened(visit)
    page = watched.page
    drawn = page.evaluate(
        """() => { const c = document.createElement('canvas'); c.width = 1600; c.height = 1200;
        const pen = c.getContext('2d'); pen.fillStyle = '#842'; pen.fillRect(0, 0, 1600, 1200);
        for (let i = 0; i < 4000; i++) { pen.fillStyle = `hsl(${i % 360} 70% 50%)`;
            pen.fillRect((i * 37) % 1600, (i * 91) % 1200, 23, 19); }
        return c.toDataURL('image/jpeg', 0.95).split(',')[1]; }"""
    )
    plain = base64.b64decode(drawn)
    exif = b"Exif\0\0" + CANARY
    picture = plain[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + plain[2:]
    assert CANARY in picture
    bodies: list[bytes] = []
    page.on("request", lambda r: bodies.append(r.post_data_buffer or b"") if r.url.endswith("/picture") else None)
    page.get_by_label("What happened").fill("zfq burnt huts")
    page.get_by_label("Add a photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(page.locator(".photo img")).to_be_visible()
    watched.shot("field-photo.en.day.375")
    assert violations(page) == []
    with page.expect_response("**/picture") as answered:
        page.locator(".form button[type=submit]").first.click()
    assert answered.value.status == 200
    expect(page.locator("ol li", has_text="zfq burnt huts")).to_have_count(0, timeout=20_000)
    (body,) = bodies
    assert len(body) <= 90_000
    assert body.startswith(b"\xff\xd8")
    assert CANARY not in body
    assert b"Exif" not in body
    rows = watched.room.ask("duty_officer", "/api/reports?limit=50")["rows"]
    (id,) = [r["id"] for r in rows if "zfq burnt huts" in (r["text"] or "")]
    (kept,) = watched.room.ask("duty_officer", f"/api/reports/{id}")["attachments"]
    assert kept["type"] == "image/jpeg"


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_lost_device_is_emptied_at_its_next_contact(visit: Visit, signed_in: bool) -> None:
    watched = opened(visit)
    page = watched.page
    expect(page.get_by_role("heading", name="My task")).to_be_visible(timeout=20_000)
    cut(watched, True)
    page.get_by_label("What happened").fill("zfq not for them")
    page.locator(".form button[type=submit]").first.click()
    expect(page.locator("ol li", has_text="zfq not for them")).to_be_visible()
    assert stores(page)["waiting"] == 1
    assert watched.room.ask("duty_officer", "/api/field/wipe", {"account": me(watched)})["devices"] >= 1
    if not signed_in:
        page.context.clear_cookies()
    cut(watched, False)  # the page notices by itself
    expect(page.get_by_text("The mission asked this device to be emptied")).to_be_visible(timeout=20_000)
    assert stores(page) == {"device": 0, "kept": 0, "lock": 0, "waiting": 0}
    rows = watched.room.ask("duty_officer", "/api/reports?limit=100")["rows"]
    assert not any("zfq not for them" in (r["text"] or "") for r in rows)
    for _ in range(50):  # it says so once it has done it
        if any(d["wiped_at"] for d in watched.room.ask("duty_officer", "/api/field/devices")):
            break
        page.wait_for_timeout(100)
    assert any(d["wiped_at"] for d in watched.room.ask("duty_officer", "/api/field/devices"))
    watched.wrong = [w for w in watched.wrong if "401" not in w]


def test_ten_wrong_passphrases_empty_the_device(visit: Visit) -> None:
    watched = opened(visit)
    page = watched.page
    cut(watched, True)
    page.get_by_label("What happened").fill("zfq sealed")
    page.locator(".form button[type=submit]").first.click()
    expect(page.locator("ol li", has_text="zfq sealed")).to_be_visible()
    page.get_by_role("button", name="Lock").click()
    for left in range(9, -1, -1):
        page.get_by_label("Passphrase").fill(f"wrong words {left}")
        page.locator("form button.main").click()
        told = page.get_by_role("alert")
        expect(told).to_contain_text(str(left) if left else "everything that waited here was erased", timeout=20_000)
    assert {k: n for k, n in stores(page).items() if k in ("lock", "waiting", "kept")} == {
        "lock": 0, "waiting": 0, "kept": 0,
    }  # fmt: skip


class Meter:
    """Bytes of each request and answer, headers and all, as the browser's own network log counts them."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("Network.enable")
        self.path: dict[str, str] = {}
        self.up: dict[str, int] = {}
        self.down: dict[str, int] = {}
        self.session.on("Network.requestWillBeSent", self._asked)
        self.session.on("Network.requestWillBeSentExtraInfo", self._headers)
        self.session.on("Network.loadingFinished", self._done)

    def _asked(self, event: dict[str, Any]) -> None:
        request = event["request"]
        self.path[event["requestId"]] = request["url"].split("/", 3)[3]
        size = len((request.get("postData") or "").encode()) + len(request["method"]) + len(request["url"])
        self.up[event["requestId"]] = self.up.get(event["requestId"], 0) + size

    def _headers(self, event: dict[str, Any]) -> None:
        size = sum(len(k) + len(v) + 4 for k, v in event["headers"].items())
        self.up[event["requestId"]] = self.up.get(event["requestId"], 0) + size

    def _done(self, event: dict[str, Any]) -> None:
        self.down[event["requestId"]] = int(event["encodedDataLength"])

    def of(self, path: str) -> list[int]:
        """Bytes both ways of each request to a path."""
        return [self.up.get(i, 0) + self.down.get(i, 0) for i, p in self.path.items() if p == path]

    def bad_link(self) -> None:
        """40 kbit/s each way and 2 s there and back."""
        self.session.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 2000, "downloadThroughput": 5000, "uploadThroughput": 5000},
        )


def test_a_report_costs_less_than_two_kilobytes_and_goes_out_over_a_bad_link(visit: Visit) -> None:
    watched = opened(visit)
    page = watched.page
    expect(page.get_by_role("heading", name="My task")).to_be_visible(timeout=20_000)
    page.evaluate("navigator.serviceWorker.ready")
    meter = Meter(page)
    meter.bad_link()
    page.get_by_label("What happened").fill("zfq " + "hommes armés vus près du marché, ils vont vers le nord " * 3)
    page.get_by_label("Place", exact=True).fill("Bakala")
    begun = time.monotonic()
    with page.expect_response("**/api/reports", timeout=60_000):
        page.locator(".form button[type=submit]").first.click()
    expect(page.locator("ol li", has_text="zfq hommes")).to_have_count(0, timeout=60_000)
    spent = time.monotonic() - begun
    (cost,) = meter.of("api/reports")
    asked = sum(meter.of("api/field/contact"))
    print(f"a report: {cost} bytes, the question before it {asked} bytes, {spent:.1f} s at 40 kbit/s and 2 s")
    assert 300 < cost < 2_000
    assert spent < 15
    # Opened again on the same link, the page comes out of the device's own store.
    begun = time.monotonic()
    page.reload()
    page.wait_for_selector("input[name=passphrase]", timeout=60_000)
    print(f"opened again in {time.monotonic() - begun:.1f} s")
    assert time.monotonic() - begun < 20


def test_the_first_visit_over_a_bad_link_ends(visit: Visit) -> None:
    watched = visit("liaison_assistant", "en", "day", 375, 812)
    meter = Meter(watched.page)
    meter.bad_link()
    begun = time.monotonic()
    watched.page.goto(watched.room.address + "/field", timeout=150_000, wait_until="commit")
    watched.page.wait_for_selector("input[name=passphrase]", timeout=150_000)
    total = sum(meter.down.values())
    print(f"first visit: {total} bytes, {time.monotonic() - begun:.0f} s at 40 kbit/s and 2 s")
    assert total < 300_000
    assert time.monotonic() - begun < 120


@pytest.mark.parametrize(("language", "theme"), [("fr", "night"), ("ar", "day")])
def test_the_field_page_is_accessible_in_each_language(visit: Visit, language: str, theme: str) -> None:
    given(visit("liaison_assistant"), "Visit the market of Ndele")
    watched = opened(visit, language, theme)
    page = watched.page
    page.wait_for_selector(".mission", timeout=20_000)
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    page.set_viewport_size({"width": 375, "height": 1500})
    watched.shot(f"field.{language}.{theme}.375")
