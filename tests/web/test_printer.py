"""One brief at a time: who asks while one is being made, or just was, gets that one; a minute later a new one."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from tocsin.core.errors import NoData, SetupProblem
from tocsin.core.mission import load
from tocsin.listen.missions import make
from tocsin.store import open_store
from tocsin.web import printer as printing
from tocsin.web.printer import Printer, aside
from tocsin.web.who import House


class Begun(list[str]):
    """Languages of the briefs that were begun."""

    def make(self, at: House, suffix: str, language: str, address: str) -> bytes:
        self.append(language)
        time.sleep(0.05)
        return f"{language}{len(self)}{suffix}".encode()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house") / "m"
    make(folder, "CAF", None, ())
    mission = load(folder)
    engine = open_store(mission.store_url)
    yield House(mission, engine)
    engine.dispose()


def test_five_at_once_are_one_brief(small: House) -> None:
    begun = Begun()
    printer = Printer(begun.make)

    async def all_at_once() -> list[bytes]:
        return list(await asyncio.gather(*(printer.brief(small, ".html", "en") for _ in range(5))))

    assert asyncio.run(all_at_once()) == [b"en1.html"] * 5
    assert asyncio.run(printer.brief(small, ".html", "fr")) == b"fr2.html"
    assert begun == ["en", "fr"]


def test_after_a_minute_it_is_made_anew(small: House, monkeypatch: pytest.MonkeyPatch) -> None:
    printer = Printer(Begun().make)
    assert asyncio.run(printer.brief(small, ".html", "en")) == b"en1.html"
    monkeypatch.setattr(printing, "FRESH_S", 0.0)
    assert asyncio.run(printer.brief(small, ".html", "en")) == b"en2.html"


def test_what_its_process_refuses_is_refused_here_and_what_is_slow_is_ended(
    small: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoData, match="import"):
        aside(small, ".html", "en")
    monkeypatch.setattr(printing, "LONGEST_S", 0.0)
    with pytest.raises(SetupProblem, match="could not be made"):
        aside(small, ".html", "en")
