"""A real browser on a real server: the demonstration mission, one Chromium for the whole session."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import ROOT
from tests.tile_files import MVT, Shape, tiles_over, vector_tile, write_tile_file
from tocsin.core.mission import load
from tocsin.core.time import utc_now
from tocsin.store import open_store, writing
from tocsin.store.sessions import open_session
from tocsin.store.tables import account
from tocsin.web import screen

FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]
# Maps are drawn by a graphics card made of software; the page around them is put together without it, at half the work.
PLAIN = "--disable-gpu-compositing"
STALL = "GPU stall due to ReadPixels"  # what that driver says of it, of every map whose picture is taken over
COMMAND = [sys.executable, "-m", "tocsin"]
SHOTS = ROOT / "test-artefacts" / "screens"
WORDS = (
    "attaque à {0} cette nuit, 10 morts", "on tire à {0} cette nuit aidez nous", "vol de 7 boeufs à {1} ce matin",
    "des hommes armés à {2}", "ils arrivent vers {2} demain", "les rebelles vus près de Bzq",
)  # fmt: skip


@dataclass
class Room:
    """The served mission: its address, and a session for each kind of person."""

    address: str
    cookies: dict[str, str]
    folder: Path

    def ask(self, role: str, path: str, body: Any = None) -> Any:
        """One request of a person."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Cookie": f"tocsin_session={self.cookies[role]}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, {**headers, "Origin": self.address})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            refused.add_note(refused.read(2000).decode(errors="replace"))  # what the server said of it
            raise


@dataclass
class Watched:
    """A page, and everything that went wrong on it."""

    page: Page
    room: Room
    wrong: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    offline: bool = False
    refusals: bool = False  # whether the server may say no: Chromium writes that down as an error
    conflicts: bool = False  # whether it may say that somebody else was first
    missing: bool = False  # whether it may have nothing

    def go(self, path: str) -> Page:
        """Open an address and wait until it says something."""
        self.page.goto(self.room.address + path)
        self.page.wait_for_selector("h1:visible, h2:visible", timeout=30_000)
        return self.page

    def still(self) -> Page:
        """Wait until maps are drawn."""
        for box in self.page.query_selector_all(".map"):
            self.page.wait_for_function("box => box.dataset.idle === 'yes'", arg=box, timeout=60_000)
        return self.page

    def settled(self, alert: int) -> None:
        """Wait until the program has graded and ranked what came in; a click in between is answered "look again"."""
        seen, since = -1, 0.0
        for _ in range(60):
            now = self.room.ask("duty_officer", f"/api/alerts/{alert}")["changed"]
            seen, since = now, since + 0.25 if now == seen else 0.0
            if since >= 2:
                return
            self.page.wait_for_timeout(250)

    def shot(self, name: str) -> None:
        """Keep a picture to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture(scope="package")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The demonstration mission for all browser tests."""
    top = tmp_path_factory.mktemp("room")
    base_map(top / "own.pmtiles")
    ready = ready_mission(tmp_path_factory)
    with served(top / "mission", ready, f'\n[serve]\nbase_maps = "{top / "own.pmtiles"}"\n') as made:
        yield made


def base_map(path: Path) -> None:
    """A base map of the demonstration's own: a lake, a road, a town, and a layer with a name nobody knows."""
    box = (-9.5, -8.0, -2.8, -2.0)
    layers: dict[str, list[Shape]] = {
        "water": [("area", [[(-7.0, -6.0), (-7.0, -4.0), (-5.0, -4.0), (-5.0, -6.0), (-7.0, -6.0)]], {"kind": "lake"})],
        "roads": [("line", [[(-9.0, -7.0), (-6.0, -3.0), (-3.5, -3.0)]], {"kind": "major_road"})],
        "places": [("point", [[(-4.0, -7.0)]], {"kind": "locality", "name": "Lakeside", "name:ar": "البحيرة"})],
        "surveyed": [("area", [[(-4.5, -5.0), (-4.5, -4.5), (-4.0, -4.5), (-4.0, -5.0), (-4.5, -5.0)]], {})],
    }
    tiles = {tile: vector_tile(layers, *tile) for z in (0, 4, 5, 6) for tile in tiles_over(box, z)}
    said = {"name": "Lakes", "attribution": "<b>&copy; Surveyors</b>", "vector_layers": [{"id": n} for n in layers]}
    write_tile_file(path, tiles, MVT, box, said)


def ready_mission(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration mission with a forecast and a plan, made once for all test processes, to copy."""
    if given := os.environ.get("TOCSIN_TEST_MISSION", ""):  # one made before saves time while working on a test
        return Path(given)
    top = tmp_path_factory.getbasetemp()
    shared = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "demonstration"
    try:
        shared.mkdir()
    except FileExistsError:
        for _ in range(3000):
            if (shared / "done").exists():
                return shared / "mission"
            subprocess.run(["sleep", "0.1"], check=True)
        raise
    demonstrate(shared / "mission")
    (shared / "done").touch()
    return shared / "mission"


def demonstrate(folder: Path) -> None:
    """Make the demonstration mission with a forecast and a plan; its keys lie beside it."""
    for words in (["demo", str(folder)], ["assess", "--mission", str(folder)], ["plan", "--mission", str(folder)]):
        subprocess.run([*COMMAND, *words, "-q"], check=True, env=_with_keys(folder))


def _with_keys(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TOCSIN_KEYS": str(folder.parent / "keys")}


@contextlib.contextmanager
def served(folder: Path, ready: Path | None = None, more: str = "") -> Iterator[Room]:
    """The demonstration mission with a forecast, a plan and a few reports, served on a free port; copied if `ready`.

    `more` is added to its settings.
    """
    if not (screen.STATIC / "index.html").is_file():
        raise FileNotFoundError("the screen is not built: run `make setup`")
    if ready is not None:
        shutil.copytree(ready, folder)
        if (ready.parent / "keys").exists():
            shutil.copytree(ready.parent / "keys", folder.parent / "keys")
    else:
        demonstrate(folder)
    with (folder / "tocsin.toml").open("a", encoding="utf-8") as settings:
        settings.write(more)
    mission = load(folder)
    engine = open_store(mission.store_url)
    cookies = {}
    with writing(engine) as connection:
        rows = connection.execute(sa.select(account.c.id, account.c.roles)).all()
        for role in ("duty_officer", "analyst", "planner", "partner", "liaison_assistant", "administrator"):
            id = next((r.id for r in rows if r.roles == [role]), None)
            if id is None:
                id = f"test-{role}"
                values = {"id": id, "login": id, "name": role, "roles": [role], "component": "civilian"}
                rest = {"areas": ["*"], "password": "", "made_at": utc_now()}
                connection.execute(sa.insert(account).values(**values, **rest))
            cookies[role] = open_session(connection, id, "test", utc_now())
    engine.dispose()
    serve = [*COMMAND, "serve", "--mission", str(folder), "--port", "0"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=_with_keys(folder))
    try:
        line = server.stdout.readline() if server.stdout else ""
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        made = Room(found[0], cookies, folder)
        for _ in range(200):
            with contextlib.suppress(OSError):
                made.ask("duty_officer", "/api/here")
                break
            subprocess.run(["sleep", "0.1"], check=True)
        places = [f["properties"]["name"] for f in made.ask("analyst", "/api/assess/places?most=12")["features"]]
        for number, words in enumerate(WORDS * 2):
            text = words.format(*places[2:5])
            told = {"text": text, "kind": "radio", "sender": f"+2366000{number:04d}"}
            made.ask("duty_officer", "/api/reports", told)
        for _ in range(300):
            counts = made.ask("duty_officer", "/api/alerts/counts")
            if not counts["reports"].get("new"):
                break
            subprocess.run(["sleep", "0.1"], check=True)
        yield made
    finally:
        server.terminate()
        server.wait(20)
        if server.stdout:
            server.stdout.close()


def found_chromium() -> str:
    """Where Chromium is."""
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if found is None:
        raise FileNotFoundError("Chromium is not installed: apt-get install chromium")
    return found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a graphics card."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found_chromium(), args=[*FLAGS, PLAIN])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser, room: Room) -> Iterator[Callable[..., Watched]]:
    """Open the room as somebody; at the end nothing may have gone wrong and nothing have left the machine."""
    open_: list[tuple[BrowserContext, Watched]] = []

    def begin(
        role: str = "duty_officer", language: str = "en", theme: str = "day", width: int = 1440, height: int = 900
    ) -> Watched:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", reduced_motion="reduce"
        )
        cookie = {"name": "tocsin_session", "value": room.cookies[role], "url": room.address}
        context.add_cookies([cookie])  # type: ignore[list-item]
        kept = f"localStorage.setItem('language', '{language}'); localStorage.setItem('theme', '{theme}')"
        context.add_init_script(kept)
        page = context.new_page()
        watched = Watched(page, room)

        def hear(message: ConsoleMessage) -> None:
            refused = watched.refusals and "status of 403" in message.text
            refused |= watched.conflicts and "status of 409" in message.text
            # Results that nobody has made yet are answered with 404, and the page says which command makes them.
            none_yet = watched.missing or "/api/results/" in message.location["url"]
            refused |= none_yet and "status of 404" in message.text
            cut = watched.offline and "ERR_INTERNET_DISCONNECTED" in message.text
            stall = message.type == "warning" and STALL in message.text and "GL Driver Message" in message.text
            if message.type in ("error", "warning") and not (refused or cut or stall):
                watched.wrong.append(f"{message.type}: {message.text}")

        def see(request: Request) -> None:
            if not request.url.startswith((room.address, "data:", "blob:")):
                watched.foreign.append(request.url)

        page.on("console", hear)
        page.on("pageerror", lambda error: watched.wrong.append(f"page: {error}"))
        page.on("request", see)
        open_.append((context, watched))
        return watched

    yield begin
    for context, watched in open_:
        context.close()
        assert watched.foreign == []
        assert watched.wrong == []
