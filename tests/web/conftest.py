"""A mission with its door, on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.conftest import empty_database, empty_file, mission, url
from tests.web.houses import Place, house_of
from tocsin.core.mission import Mission

__all__ = ["empty_database", "empty_file", "mission", "url"]


@pytest.fixture
def place(mission: Mission, tmp_path: Path) -> Iterator[Place]:
    made = house_of(mission)
    yield made
    made.engine.dispose()
