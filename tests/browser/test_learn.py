"""Learn with something learned: scores, the look back, and whether the posture followed violence, by who killed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests.browser.conftest import Room, Watched
from tests.browser.test_room import violations
from tocsin.core.mission import load
from tocsin.core.time import utc_now
from tocsin.store import finish_run, open_store, writing
from tocsin.store.tables import run

pytestmark = pytest.mark.slow
Visit = Callable[..., Watched]
LAGS = list(range(-6, 13))
SCORES = {"n": 900, "crps": 0.3, "brier": 0.04, "ap": 0.2, "mean_ratio": 1.1, "top_10": 0.43, "coverage_pit": 0.9}
RECORD: dict[str, Any] = {
    "first_origin": "2024-12", "until": "2025-12", "origins": 12, "model": "conflictology_n",
    "table": [
        {"target": "civilians", "model": m, "months_ahead": "all", **SCORES} for m in ("zero", "conflictology_n")
    ],
    "lead": [{"target": "civilians", "model": "conflictology_n", "mass_killings": 3, "share_1_month_ahead": 0.67,
              "share_3_months_ahead": 0.33, "share_6_months_ahead": None}],
    "calibration": [{"model": "conflictology_n", "reliability": {
        "forecast": [0.02, 0.1, 0.3], "observed": [0.03, 0.08, 0.35], "rows": [700, 150, 50]}}],
    "losses": [{"target": "civilians", "months_ahead": part, "measure": "people_10", "model": "zero", "ours": 0.1,
                "theirs": 0.2, "behind": 0.5} for part in ("onset", "7–12", "origins of 2025", "1")],
}  # fmt: skip
SEEN = {"words": "in English", "shocks": 13, "places": 11, "months_to_respond": 4, "months_from": LAGS,
        "change": [max(0.0, 9.0 * k) for k in LAGS], "low_90": [max(-20.0, 9.0 * k - 30) for k in LAGS],
        "high_90": [max(20.0, 9.0 * k + 30) for k in LAGS]}  # fmt: skip
BACK: dict[str, Any] = {
    "first": "2023-01", "last": "2025-06", "months": 30, "judged_until": "2025-12", "killed": 800.0,
    "left_out_share": 0.09, "assumes": ["in English"],
    "gains": [{"policy": policy, "perpetrator": who, "limit_hours": limit, "share_as_is": 0.3, "share": 0.6,
               "gain": 0.3, "by_areas": [0.1, 0.5]}
              for who in ("all", "state", "non-state") for policy in ("plan", "nearest to last year's events")
              for limit in (2.0, 6.0)],
    "response": [
        *({"which": which, **SEEN} for which in ("all", "by non-state groups", "in cells without a town")),
        {"which": "by state forces", "words": "in English"}, {"which": "in cells with a town", "words": "in English"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def learned(room: Room) -> Iterator[None]:
    """A record and a look back in the mission, as the commands leave them."""
    engine = open_store(load(room.folder).store_url)
    with writing(engine) as connection:
        finish_run(connection, "test-record", "record", {}, RECORD, utc_now())
        finish_run(connection, "test-back", "hindsight", {}, BACK, utc_now())
    yield
    with writing(engine) as connection:
        connection.execute(sa.delete(run).where(run.c.id.in_(("test-record", "test-back"))))
    engine.dispose()


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "day", 1440), ("ar", "night", 375)])
def test_what_was_learned_reads_well(visit: Visit, learned: None, language: str, theme: str, width: int) -> None:
    watched = visit("analyst", language=language, theme=theme, width=width)
    for path in ("/learn", "/learn/response"):
        page = watched.go(path)
        page.wait_for_selector(".waiting", state="detached")
        page.wait_for_selector("table:visible")
        assert violations(page) == [], path
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0, path
        said = page.locator("main").inner_text()
        assert "in English" not in said
        assert "people_10" not in said
        assert "non-state" not in said or language == "en"
        tall = page.evaluate("document.querySelector('main').scrollHeight")
        page.set_viewport_size({"width": width, "height": min(int(tall) + 110, 4000)})
        watched.shot(f"{path.strip('/').replace('/', '-')}-told.{language}.{theme}.{width}")


def test_the_posture_is_judged_by_who_killed_and_unknown_is_said(visit: Visit, learned: None) -> None:
    page = visit("analyst").go("/learn")
    page.get_by_role("link", name="Did the posture follow violence?").first.click()
    page.wait_for_url("**/learn/response")
    groups = page.locator("section.card", has_text="By non-state groups").first
    expect(groups).to_contain_text("After 13 months of killing in 11 places, strength nearby changed by +108")
    expect(groups).to_contain_text("Above zero from month 4 on")
    expect(groups.locator("svg")).to_have_count(1)
    states = page.locator("section.card", has_text="By state forces").first
    expect(states).to_contain_text("That is unknown, not none")
    expect(states.locator("svg")).to_have_count(0)
    expect(page.locator("section.card", has_text="By state forces: who was in reach")).to_contain_text(
        "+30 (+10 to +50)"
    )
