"""One brief at a time: who asks while one is being made, or just was, gets that one; a minute later a new one."""

import threading
import time
from typing import Any

import pytest

from tocsin.core.mission import Mission
from tocsin.store import open_store
from tocsin.web.app import Printer
from tocsin.web.who import House


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []

    def gather(*_: Any, language: str) -> str:
        made.append(language)
        time.sleep(0.05)
        return f"{language}{len(made)}"

    monkeypatch.setattr("tocsin.web.app.gather", gather)
    monkeypatch.setattr("tocsin.web.app.render", lambda content, suffix, language: f"{content}{suffix}".encode())
    return made


def test_five_at_once_are_one_brief(mission: Mission, begun: list[str]) -> None:
    engine = open_store(mission.store_url)
    house, printer, got = House(mission, engine), Printer(), []
    askers = [threading.Thread(target=lambda: got.append(printer.brief(house, ".html", "en"))) for _ in range(5)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert got == [b"en1.html"] * 5
    assert printer.brief(house, ".html", "fr") == b"fr2.html"
    assert begun == ["en", "fr"]
    engine.dispose()


def test_after_a_minute_it_is_made_anew(mission: Mission, begun: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_store(mission.store_url)
    house, printer = House(mission, engine), Printer()
    assert printer.brief(house, ".html", "en") == b"en1.html"
    monkeypatch.setattr(Printer, "FRESH_S", 0.0)
    assert printer.brief(house, ".html", "en") == b"en2.html"
    engine.dispose()
