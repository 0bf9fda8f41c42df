"""A base map of the mission's own, chosen on the map: drawn from our own server's pieces, named, and kept."""

import base64
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
WATER, ROAD = (185, 210, 220), (168, 141, 99)  # as frontend/src/map/colours.ts has them by day
# How many points of a picture have a colour, and what share of its width they span.
COUNT = """async ([picture, colour, off]) => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + picture;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width; canvas.height = image.height;
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    let found = 0;
    for (let k = 0; k < data.length; k += 4) found += colour.every((v, i) => Math.abs(v - data[k + i]) < (off));
    return found;
}"""


def points_of(watched: Watched, colour: tuple[int, int, int], off: int = 8) -> int:
    watched.still()
    watched.page.wait_for_timeout(200)
    picture = base64.b64encode(watched.page.locator(".map").first.screenshot()).decode()
    return int(watched.page.evaluate(COUNT, [picture, list(colour), off]))


def test_a_base_map_of_ones_own_is_chosen_drawn_and_kept(visit: Visit) -> None:
    watched = visit()
    asked: list[str] = []
    watched.page.on("response", lambda a: asked.append(f"{a.status} {a.url}") if "/base-maps/" in a.url else None)
    page = watched.go("/listen/map")
    assert points_of(watched, WATER) < 50
    assert asked == []
    page.get_by_role("button", name="Base map").click()
    page.get_by_role("menuitemradio", name="Lakes").click()
    page.wait_for_function("document.querySelector('.map').dataset.idle === 'no'")
    assert points_of(watched, WATER) > 5_000
    assert points_of(watched, ROAD, 36) > 200
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© Surveyors")
    assert asked
    assert all(one.startswith("206 ") for one in asked)
    watched.shot("base-map.en.day.1440")
    watched.go("/assess")  # kept; over shades the lake only tints what lies under it
    watched.still()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("© Surveyors")
    watched.shot("base-map-risk.en.day.1440")
    page.get_by_role("button", name="Base map").click()
    page.get_by_role("menuitemradio", name="Simple").click()
    expect(page.locator(".maplibregl-ctrl-attrib")).not_to_contain_text("© Surveyors")
