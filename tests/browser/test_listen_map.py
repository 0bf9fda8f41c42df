"""The map of everything open: drawn from the server's tiles, opened by a click, redrawn when the queue changes."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_room import violations

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
TILES = "/ogc/collections/{}/tiles/WebMercatorQuad/"


def tiles_asked(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("response", lambda answer: asked.append(answer.url) if "/tiles/WebMercatorQuad/" in answer.url else None)
    return asked


@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("en", "day", 1440), ("fr", "night", 1440), ("ar", "day", 1440), ("en", "night", 375), ("ar", "day", 375)],
)
def test_open_alerts_are_on_the_map(visit: Visit, language: str, theme: str, width: int) -> None:
    watched = visit(language=language, theme=theme, width=width, height=812 if width < 600 else 900)
    asked = tiles_asked(watched.page)
    page = watched.go("/listen/map")
    page.wait_for_selector(".queue-map .map")
    watched.still()
    page.wait_for_timeout(300)
    watched.shot(f"listen-map.{language}.{theme}.{width}")
    assert any(TILES.format("alerts") in url for url in asked)
    assert page.locator(".queue-map .legend li").count() == 5
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0


def test_a_click_on_one_opens_it_and_reports_are_a_choice_away(visit: Visit) -> None:
    watched = visit()
    asked = tiles_asked(watched.page)
    page = watched.go("/listen")
    watched.still()
    choices = page.get_by_role("radiogroup", name="What the map shows")
    with page.expect_response(lambda answer: TILES.format("reports") in answer.url):
        choices.get_by_text("Reports", exact=True).click()
    watched.still()
    page.wait_for_timeout(300)
    watched.shot("listen-map-reports")
    assert any(TILES.format("reports") in url for url in asked)
    with page.expect_response(lambda answer: TILES.format("alerts") in answer.url):
        choices.get_by_text("Alerts", exact=True).click()
    watched.still()
    page.wait_for_timeout(300)
    for x, y in page.evaluate(FIND, base64.b64encode(page.locator(".queue-map .map").screenshot()).decode()):
        page.locator(".queue-map .map").click(position={"x": x, "y": y})
        page.wait_for_timeout(600)
        if "/listen/alerts/" in page.url:
            break
        watched.still()
    assert "/listen/alerts/" in page.url
    expect(page.locator(".case-card")).to_be_visible()


def test_an_analyst_sees_numbers_and_a_partner_no_small_ones(visit: Visit) -> None:
    """Who may not see points is drawn a hollow circle where few lie."""
    watched = visit("partner")
    watched.go("/listen/map")
    watched.still()
    watched.page.wait_for_timeout(300)
    watched.shot("listen-map.partner")
    assert watched.page.locator(".queue-map .legend").is_visible()


# Places of circles in a picture of the map, by the colours of levels; the first pixel of each row of them.
FIND = """async (picture) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + picture;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width; canvas.height = image.height;
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const { data, width, height } = pen.getImageData(0, 0, image.width, image.height);
    const levels = [[140, 29, 17], [184, 86, 29], [243, 200, 136]];
    const found = [];
    for (let y = 20; y < height - 20; y += 3)
        for (let x = 20; x < width - 240; x += 3) {
            const at = 4 * (y * width + x);
            if (levels.some((c) => c.every((v, k) => Math.abs(v - data[at + k]) < 22))
                && !found.some(([a, b]) => Math.hypot(a - x, b - y) < 40)) found.push([x + 2, y + 3]);
        }
    return found.slice(0, 8);
}"""
