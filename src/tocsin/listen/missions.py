"""Making a mission: the folder, its records and its gazetteer."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tocsin.core import mission as missions
from tocsin.listen.places.actions import fill_from_bundle
from tocsin.store import open_store, writing


@dataclass(frozen=True)
class Made:
    """What a new mission holds."""

    name: str
    n_cells: int
    n_areas: int
    n_places: int


def make(folder: Path, area: str, name: str | None, wet_months: tuple[int, ...], store_url: str = "") -> Made:
    """Make a mission folder with empty records and a gazetteer; nothing is left behind if it fails.

    Arguments as in `tocsin.core.mission.create`.
    """
    existed = folder.exists()
    home = missions.create(folder, area, name, wet_months, store_url)
    try:
        engine = open_store(home.store_url, create=True)
        try:
            with writing(engine) as connection:
                n_places = fill_from_bundle(connection, home)
        finally:
            engine.dispose()
        return Made(home.name, len(home.cells()), len(home.first_level_areas()), n_places)
    except BaseException:
        if existed:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            shutil.rmtree(folder)
        raise
