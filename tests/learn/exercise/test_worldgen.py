"""The generated world that the benchmarks read is a fair stand-in for GED."""

import csv
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from tocsin.core.lattice import gid_at
from tocsin.learn.exercise.media import GED_COLUMNS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> list[dict[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(ROOT), *sys.path])
        spec = importlib.util.find_spec("benchmarks.worldgen")
        assert spec
        worldgen = importlib.import_module("benchmarks.worldgen")
    path = worldgen.write_world(tmp_path_factory.mktemp("world") / "world.csv", events=5_000, seed=3)
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_rows_agree_with_themselves(world: list[dict[str, str]]) -> None:
    assert tuple(world[0]) == GED_COLUMNS
    assert len({e["id"] for e in world}) == len(world) == 5_000
    cells = gid_at([float(e["longitude"]) for e in world], [float(e["latitude"]) for e in world])
    assert np.array_equal(cells, [int(e["priogrid_gid"]) for e in world])
    for e in world:
        dead = sum(int(e[c]) for c in ("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown"))
        assert int(e["low"]) <= int(e["best"]) == dead <= int(e["high"])
        assert "1989-01-01" <= e["date_start"][:10] <= e["date_end"][:10] <= "2024-12-31"
        assert e["date_start"][:4] == e["date_end"][:4] == e["year"]


def test_precision_is_mixed_as_in_the_real_files(world: list[dict[str, str]]) -> None:
    assert np.mean([int(e["where_prec"]) > 3 for e in world]) == pytest.approx(0.14, abs=0.02)
    assert np.mean([int(e["date_prec"]) > 3 for e in world]) == pytest.approx(0.10, abs=0.02)
