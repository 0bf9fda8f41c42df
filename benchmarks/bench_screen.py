"""The operations room in a real browser: first paint, scrubbing the map, moving a unit, bytes of a first load.

Chromium without a graphics card (SwiftShader), on the demonstration mission served on loopback.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from tests.browser.conftest import FLAGS, Room, found_chromium, served

from benchmarks.results import Figure

RUNS = 5
STEPS = 72


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "mission") as room, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        try:
            return [*_paint(browser, room), *_scrub(browser, room), *_move(browser, room), *_bytes(browser, room)]
        finally:
            browser.close()


def _context(browser: Browser, room: Room, role: str, width: int = 1440) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    context.add_cookies([{"name": "tocsin_session", "value": room.cookies[role], "url": room.address}])
    return context


def _note(more: str = "") -> str:
    return f"Chromium on SwiftShader, loopback, median of {RUNS}; load average {os.getloadavg()[0]:.1f}{more}"


def _paint(browser: Browser, room: Room) -> list[Figure]:
    spent = []
    for _ in range(RUNS):
        context = _context(browser, room, "duty_officer")  # a new one each time: nothing is in the cache
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(room.address + "/today", wait_until="commit")
        page.wait_for_selector("main h1")
        page.wait_for_selector(".waiting", state="detached")
        spent.append(time.perf_counter() - begun)
        context.close()
    return [Figure("Today readable, cold", round(statistics.median(spent), 2), "s", 1.5, "lower", note=_note())]


def _scrub(browser: Browser, room: Room) -> list[Figure]:
    context = _context(browser, room, "analyst")
    page = context.new_page()
    page.goto(room.address + "/assess")
    page.wait_for_function("() => document.querySelector('.map')?.dataset.idle === 'yes'", timeout=60_000)
    rates = [page.evaluate(SCRUB, STEPS) for _ in range(RUNS)]
    cells = len(room.ask("analyst", "/api/assess/map")["cells"])
    context.close()
    note = _note(f"; {STEPS} months one after the other, a new month every frame, {cells} cells")
    return [Figure("Risk map scrubbed", round(statistics.median(rates), 1), "frames/s", 30, "higher", note=note)]


SCRUB = """async (steps) => {
    const slider = document.querySelector('input[type=range]');
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    const begun = performance.now();
    for (let k = 0; k < steps; k++) {
        set.call(slider, String(Number(slider.max) - (k % Number(slider.max))));
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        await frame();
    }
    return (1000 * steps) / (performance.now() - begun);
}"""


def _move(browser: Browser, room: Room) -> list[Figure]:
    context = _context(browser, room, "planner")
    page = context.new_page()
    page.goto(room.address + "/plan")
    page.wait_for_selector(".move-card")
    begun = time.perf_counter()
    _choose(page, "Unit", 4)
    page.wait_for_selector(".effect", timeout=60_000)
    first = time.perf_counter() - begun
    spent = []
    for k in range(RUNS):
        before = page.locator(".effect p").first.inner_text()
        page.get_by_role("combobox", name="To").click()
        begun = time.perf_counter()
        page.get_by_role("option").nth(3 + k).click()
        page.wait_for_function("b => document.querySelector('.effect p').innerText !== b", arg=before, timeout=20_000)
        spent.append(time.perf_counter() - begun)
    context.close()
    note = _note("; from the choice of a place to new coverage, ratios and expected killed on the screen")
    return [
        Figure("Unit moved, new numbers", round(statistics.median(spent), 2), "s", 1.0, "lower", note=note),
        Figure("First unit taken up", round(first, 2), "s", None, "lower",
               note=f"reads the ground and all travel times once; load average {os.getloadavg()[0]:.1f}"),
    ]  # fmt: skip


def _choose(page: Page, name: str, at: int) -> None:
    page.get_by_role("combobox", name=name).click()
    page.get_by_role("option").nth(at).click()


def _bytes(browser: Browser, room: Room) -> list[Figure]:
    found = []
    for path, goal in (("/field", 300.0), ("/today", None), ("/assess", None)):
        context = _context(browser, room, "duty_officer", 375)
        page = context.new_page()
        done: list[Request] = []
        page.on("requestfinished", done.append)
        page.goto(room.address + path)
        page.wait_for_selector("main h1")
        page.wait_for_timeout(2_500)
        sizes = [request.sizes() for request in done]
        total = sum(s["responseBodySize"] + s["responseHeadersSize"] for s in sizes)
        context.close()
        note = f"{len(done)} answers with their headers, packed, nothing in the cache"
        found.append(Figure(f"First load of {path}", round(total / 1000, 1), "kB", goal, "lower", note=note))
    return found
