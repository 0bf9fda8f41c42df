"""The operations room in a real browser: first paint, scrubbing maps, 100,000 reports, moving a unit, bytes of a load.

Chromium without a graphics card, on the demonstration mission served on loopback. The country of 1,000 cells and 36
months is the demonstration's own map answer made larger on its way to the page: the page's work is measured there, not
the server's. Tiles by themselves are in `bench_tiles`.

Scrubbing is measured twice: as Chromium itself chooses on a machine without a graphics card (it puts the page together
on the processor, and draws WebGL with SwiftShader), and with SwiftShader made to put the page together too, as in the
browser tests. Beside frames a second stands the processor's time of a frame, which other work on the machine does not
change.
"""

import datetime as dt
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, Route, sync_playwright
from tests.browser.conftest import FLAGS, Room, found_chromium, served

from benchmarks.results import Figure
from benchmarks.tile_reports import put_reports
from tocsin.core.mission import load
from tocsin.store import open_store

RUNS = 5
STEPS = 72
CELLS, MONTHS = 1_000, 36
REPORTS = 100_000


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "mission") as room, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found_chromium(), args=FLAGS)
        try:
            return [
                *_paint(browser, room), *_scrub(browser, room), *_plain(play, room),
                *_scrub_large(browser, room, FORCED), *_move(browser, room), *_bytes(browser, room),
                *_reports(browser, room, Path(folder) / "mission"),
            ]  # fmt: skip
        finally:
            browser.close()


def _plain(play: Playwright, room: Room) -> list[Figure]:
    browser = play.chromium.launch(executable_path=found_chromium(), args=["--no-sandbox"])
    try:
        return _scrub_large(browser, room, "as Chromium chooses without a graphics card")
    finally:
        browser.close()


def _context(browser: Browser, room: Room, role: str, width: int = 1440) -> BrowserContext:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    context.add_cookies([{"name": "tocsin_session", "value": room.cookies[role], "url": room.address}])
    return context


def _note(more: str = "") -> str:
    return f"Chromium on SwiftShader, loopback, median of {RUNS}; load average {os.getloadavg()[0]:.1f}{more}"


def _paint(browser: Browser, room: Room) -> list[Figure]:
    spent, first = [], []
    for _ in range(RUNS):
        context = _context(browser, room, "duty_officer")  # a new one each time: nothing is in the cache
        page = context.new_page()
        begun = time.perf_counter()
        page.goto(room.address + "/today", wait_until="commit")
        page.wait_for_selector("main h1")
        page.wait_for_selector(".waiting", state="detached")
        spent.append(time.perf_counter() - begun)
        first.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        context.close()
    return [
        Figure("Today readable, cold", round(statistics.median(spent), 2), "s", 1.5, "lower",
               note=_note("; from the address to the page with its data, nothing in the cache")),
        Figure("First contentful paint, cold", round(statistics.median(first), 2), "s", 1.5, "lower", note=_note()),
    ]  # fmt: skip


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


def _scrub_large(browser: Browser, room: Room, how: str) -> list[Figure]:
    context = _context(browser, room, "analyst")
    page = context.new_page()

    def enlarge(route: Route) -> None:
        route.fulfill(json=_large(json.loads(route.fetch().text())))

    page.route("**/api/assess/map*", enlarge)
    page.goto(room.address + "/assess")
    page.wait_for_function("() => document.querySelector('.map')?.dataset.idle === 'yes'", timeout=60_000)
    before = _processor_s()
    rates = [page.evaluate(SCRUB, STEPS) for _ in range(RUNS)]
    spent_ms = 1000 * (_processor_s() - before) / (RUNS * STEPS)
    context.close()
    note = (
        f"{how}; median of {RUNS}; load average {os.getloadavg()[0]:.1f}; {CELLS:,} cells, {MONTHS} months, "
        f"{STEPS} steps, a new month every frame"
    )
    forced = how == FORCED
    name = f"Country of {CELLS:,} cells scrubbed" + (", put together by SwiftShader" if forced else "")
    return [
        Figure(name, round(statistics.median(rates), 1), "frames/s", 30, "higher", note=note),
        Figure(f"{name}: processor's time", round(spent_ms, 1), "ms/frame", 33 if not forced else None, "lower",
               note=f"{how}; all processes of Chromium together"),
    ]  # fmt: skip


def _processor_s() -> float:
    """Seconds of a processor that this program's children and theirs have used so far."""
    parent, used = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # it ended meanwhile
            continue
        parent[int(entry.name)] = int(fields[1])
        used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ours(pid: int) -> bool:
        while pid > 1 and pid in parent:
            pid = parent[pid]
            if pid == os.getpid():
                return True
        return False

    return sum(seconds for pid, seconds in used.items() if ours(pid))


def _large(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer with as many cells and months as a large country has; values that change from month to month."""
    rng = np.random.default_rng(1)
    one, west, south = answer["cells"][0], answer["cells"][0]["lon"] - 10, answer["cells"][0]["lat"] - 6
    cells = [{**one, "gid": 200_000 + k, "lon": west + 0.5 * (k % 40), "lat": south + 0.5 * (k // 40)}
             for k in range(CELLS)]  # fmt: skip
    ahead = len(answer["forecast"])
    months = [m["month"] for m in (answer["history"] + answer["forecast"])[-MONTHS:]]
    level = rng.gamma(0.3, 4.0, CELLS)
    deaths = rng.poisson(level[None, :], (MONTHS, CELLS)).astype(float).tolist()
    mean = (level * rng.lognormal(0, 0.6, (MONTHS, CELLS))).round(3)
    return {
        **answer, "cells": cells,
        "history": [{"month": m, "deaths": d} for m, d in zip(months[:-ahead], deaths, strict=False)],
        "forecast": [
            {"month": m, "mean": v.tolist(), "p_any": (1 - np.exp(-v)).round(3).tolist(),
             "low_80": (v * 0.2).round(3).tolist(), "high_80": (v * 3).round(3).tolist()}
            for m, v in zip(months[-ahead:], mean, strict=False)
        ],
    }  # fmt: skip


def _reports(browser: Browser, room: Room, folder: Path) -> list[Figure]:
    engine = open_store(load(folder).store_url)
    put_reports(engine, load(folder), REPORTS, dt.datetime.now(dt.UTC))
    engine.dispose()
    spent, tiles = [], 0
    for _ in range(RUNS):
        context = _context(browser, room, "duty_officer")
        page = context.new_page()
        asked: list[str] = []
        page.on("requestfinished", lambda r, asked=asked: asked.append(r.url) if "/tiles/" in r.url else None)
        begun = time.perf_counter()
        page.goto(room.address + "/listen/reports")
        page.wait_for_function("() => document.querySelector('.queue-map .map')?.dataset.idle === 'yes'",
                               timeout=60_000)  # fmt: skip
        spent.append(time.perf_counter() - begun)
        tiles = len(asked)
        context.close()
    note = _note(f"; from the address to the drawn map, nothing in the browser's cache, {tiles} tiles")
    return [
        Figure(f"{REPORTS:,} reports on the map", round(statistics.median(spent), 2), "s", 2.0, "lower", note=note),
        Figure(f"{REPORTS:,} reports on the map, the first time", round(spent[0], 2), "s", None, "lower",
               note="the server reads them all once for each set of rights"),
    ]  # fmt: skip


FORCED = "page put together by SwiftShader too"
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
        page.get_by_role("combobox", name="To", exact=True).click()
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
        page.on("requestfinished", lambda request, done=done: done.append(request))
        page.goto(room.address + path)
        page.wait_for_selector("main h1")
        page.wait_for_timeout(2_500)
        sizes = [request.sizes() for request in done]
        total = sum(s["responseBodySize"] + s["responseHeadersSize"] for s in sizes)
        context.close()
        note = f"{len(done)} answers with their headers, packed, nothing in the cache"
        found.append(Figure(f"First load of {path}", round(total / 1000, 1), "kB", goal, "lower", note=note))
    return found
