"""A file brought by hand: looked at, its columns chosen, imported, its rejects taken away; and the same file again."""

import csv
import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
POSTS = (
    "Site,Category,Lat,Long,Since,Officers,Army\n"
    "Camp de Bria,base,6.54,21.99,2024-01,220,Zambia\n"
    "Poste de Ndélé,tob,8.41,20.65,2024-06,,Bangladesh\n"
    "محطة بيراو,observer,10.28,22.79,2025-02,12,Zambia\n"
    "Nowhere,castle,6.0,21.0,2024-01,5,\n"
    '"Too far, =1+1",base,96.0,21.0,2024-01,5,Zambia\n'
)


def bring(page: Page, name: str, body: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": body})
    page.wait_for_url(re.compile(r"/listen/import/\d+$"))


def written(row: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(row)
    return out.getvalue()


def counts(page: Page) -> list[int]:
    """Rows read, new, corrected, known, rejected, as the page says."""
    found = [int(re.sub(r"\D", "", text)) for text in page.locator(".counts .fact-value").all_inner_texts()]
    assert found[0] == sum(found[1:])
    return found


def test_a_list_with_other_names_is_mapped_looked_at_imported_and_known_the_second_time(visit: Visit) -> None:
    watched = visit("analyst")
    page = watched.go("/listen")
    page.get_by_role("link", name="Import", exact=True).click()
    page.wait_for_url("**/listen/import")
    expect(page.locator(".drop")).to_be_visible()
    watched.shot("import.en.day.1440")
    bring(page, "posts.csv", POSTS.encode())
    expect(page.get_by_role("combobox", name="Kind of file")).to_contain_text("own units and sites", timeout=30_000)
    expect(page.get_by_role("combobox", name="name *")).to_contain_text("Site")
    expect(page.get_by_role("combobox", name="strength")).to_contain_text("Officers")
    expect(page.get_by_role("combobox", name="contributing country")).to_contain_text("none")
    assert counts(page) == [5, 3, 0, 0, 2]

    page.get_by_role("combobox", name="contributing country").click()
    page.get_by_role("option", name="Army").click()
    take = page.get_by_role("button", name="Import 3 rows")
    expect(take).to_be_disabled()
    watched.shot("import-mapping.en.day.1440")
    page.get_by_role("button", name="Read again like this").click()
    expect(take).to_be_enabled(timeout=30_000)
    expect(page.get_by_role("combobox", name="contributing country")).to_contain_text("Army")
    rows = page.get_by_role("region", name="First rows as they would be read").locator("tbody tr")
    expect(rows.nth(0)).to_contain_text("Camp de Bria")
    expect(rows.nth(3)).to_contain_text("“castle” is no kind of unit we know")
    expect(page.get_by_role("region", name="Rows that cannot be used")).to_contain_text("outside the world")
    assert violations(page) == []

    take.click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible(timeout=30_000)
    assert counts(page) == [5, 3, 0, 0, 2]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download rejected rows").click()
    told = list(csv.reader(io.StringIO(Path(saved.value.path()).read_text(encoding="utf-8"))))
    assert [line[0] for line in told] == ["line", "5", "6"]
    assert told[2][2] == "Too far, =1+1"
    watched.shot("import-done.en.day.1440")
    assert violations(page) == []

    page.get_by_role("link", name="Import another file").click()
    expect(page.locator(".wishes li").first).to_contain_text("5 read = 3 new")
    bring(page, "posts.csv", POSTS.encode())
    page.get_by_role("combobox", name="contributing country").click()
    page.get_by_role("option", name="Army").click()
    page.get_by_role("button", name="Read again like this").click()
    expect(page.get_by_text("importing it again changes nothing")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name=re.compile("Import .* rows?"))).to_have_count(0)
    page.get_by_role("button", name="Remove the file").click()
    page.wait_for_url("**/listen/import")
    expect(page.locator(".said")).to_contain_text("posts.csv was removed")


def test_real_events_on_a_phone_by_keys_and_in_the_other_languages(visit: Visit, shared: Path) -> None:
    with (shared / "ucdp_ged" / "GEDEvent_v23_1_CAF_1991_2020.csv").open(encoding="utf-8", newline="") as file:
        rows = list(itertools.islice(csv.reader(file), 301))
    lines = [written(row) for row in rows]
    watched = visit("analyst", language="ar", theme="night", width=375, height=812)
    page = watched.go("/listen/import")
    bring(page, "GEDEvent_v23_1_CAF.csv", ("".join(lines) + "1234,").encode())
    expect(page.locator(".notice, .bad-note")).to_have_count(1, timeout=30_000)  # the last row is not whole
    expect(page.locator(".told").first).to_contain_text("cut off")
    assert violations(page) == []
    watched.shot("import-refused.ar.night.375")
    page.get_by_role("button", name="إزالة الملف").click()
    page.wait_for_url("**/listen/import")
    bring(page, "GEDEvent_v23_1_CAF.csv", "".join(lines).encode())
    page.wait_for_selector(".counts", timeout=30_000)
    assert re.search("[٠-٩]", page.locator(".counts").inner_text())
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []
    page.set_viewport_size({"width": 375, "height": 1500})
    watched.shot("import-looked.ar.night.375")
    page.set_viewport_size({"width": 375, "height": 812})
    button = page.locator(".button.main").last
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tag.good")).to_be_visible(timeout=60_000)
    sources = json.dumps(watched.room.ask("analyst", "/api/imports")["uploads"][0])
    assert '"added": 300' in sources
    french = visit("planner", language="fr", theme="night")
    page = french.go("/today")
    page.wait_for_selector(".rail a >> nth=3")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/listen/import")
    bring(page, "GEDEvent_v23_1_CAF_encore.csv", "".join(lines[:20]).encode())
    expect(page.get_by_text("Votre rôle ne peut pas importer")).to_be_visible(timeout=30_000)
    page.set_viewport_size({"width": 1440, "height": 1500})
    french.shot("import-not-yours.fr.night.1440")
    assert violations(page) == []


def test_who_may_not_import_and_a_link_that_breaks_are_told_in_words(visit: Visit) -> None:
    watched = visit("partner")
    watched.refusals = True
    page = watched.page
    page.goto(watched.room.address + "/listen/import")
    expect(page.locator(".notice h2")).to_have_text("Not for your role")
    page.goto(watched.room.address + "/listen")
    page.wait_for_selector(".rail a >> nth=3")
    expect(page.get_by_role("link", name="Import", exact=True)).to_have_count(0)
    desk = visit("planner", width=375, height=812)
    desk.offline = True
    page = desk.go("/listen/import")
    page.locator("input[type=file]").set_input_files({"name": "run.exe", "mimeType": "text/csv", "buffer": b"x"})
    expect(page.get_by_role("alert")).to_contain_text("does not end like a file we read")
    page.context.set_offline(True)
    page.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"x"})
    expect(page.get_by_role("alert")).to_contain_text("did not arrive whole")
    desk.shot("import-offline.en.day.375")
    assert violations(page) == []
    page.context.set_offline(False)
