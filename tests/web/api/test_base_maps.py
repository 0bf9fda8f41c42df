"""Base maps of the mission's own: who gets them, in which pieces, and which files are refused at the start."""

import contextlib
import dataclasses
import gzip
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.store.conftest import square
from tests.tile_files import MVT, PNG, png, tiles_over, vector_tile, write_tile_file
from tests.web.houses import Place, house_of
from tocsin.core.codes import Role
from tocsin.core.errors import BadFile
from tocsin.core.mission import Mission
from tocsin.core.pmtiles import read_tile_file
from tocsin.store import open_store
from tocsin.web.app import make_app
from tocsin.web.settings import serve_settings

BOX = (20.0, 5.0, 21.0, 6.0)
LAYERS: dict[str, Any] = {
    "water": [("area", [[(20.2, 5.2), (20.2, 5.8), (20.8, 5.8), (20.8, 5.2), (20.2, 5.2)]], {"kind": "lake"})],
    "roads": [("line", [[(20.0, 5.0), (21.0, 6.0)]], {"kind": "major_road"})],
}
SAID = {
    "name": "Country <b>roads</b>",
    "attribution": '<a href="javascript:steal()" onclick="x">&copy; Mappers &amp; friends</a><script>steal()</script>',
    "vector_layers": [{"id": name, "fields": {"kind": "String"}} for name in LAYERS],
}


def written(path: Path, **more: Any) -> Path:
    tiles = {tile: vector_tile(LAYERS, *tile) for z in (0, 3, 5) for tile in tiles_over(BOX, z)}
    return write_tile_file(path, tiles, MVT, BOX, {**SAID, **more})


def set_base_maps(mission: Mission, words: str) -> Mission:
    path = mission.folder / "tocsin.toml"
    path.write_text(f"{path.read_text()}\n[serve]\nbase_maps = {json.dumps(words)}\n", encoding="utf-8")
    return mission


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A mission with a folder of base maps, and something beside them that nobody may have."""
    folder = tmp_path_factory.mktemp("base-maps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_KEYS", str(folder / "keys"))
        mission = set_base_maps(square(folder / "mission"), "maps")
        maps = mission.folder / "maps"
        maps.mkdir()
        written(maps / "roads and water.pmtiles")
        for name in ("sky", "z"):
            write_tile_file(maps / f"{name}.pmtiles", {(0, 0, 0): png(200, 0, 0)}, PNG, BOX, {"name": name})
        (maps / "notes.txt").write_text("where we sleep")
        open_store(mission.store_url, create=True).dispose()
        made = house_of(mission)
        yield made
        made.engine.dispose()


@pytest.fixture(scope="module")
def ask(there: Place) -> Iterator[Callable[..., Any]]:
    app = make_app(there.mission)
    app.state.house = dataclasses.replace(app.state.house, now=lambda: NOW)
    tokens = {role: there.person(role) for role in (Role.PARTNER, Role.ADMINISTRATOR)}
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def asked(path: str, role: Role | None = Role.PARTNER, **headers: str) -> Any:
            who = {} if role is None else {"Authorization": f"Bearer {tokens[role]}"}
            return client.get(f"/base-maps{path}", headers={**who, **headers})

        yield asked
    app.state.house.engine.dispose()


FILE = "/roads%20and%20water.pmtiles"


def test_who_is_signed_in_is_told_what_there_is_in_plain_words(ask: Callable[..., Any]) -> None:
    first, second, _ = ask("").json()
    assert first == {
        "address": "/base-maps/roads%20and%20water.pmtiles", "title": "Country roads", "kind": "vector",
        "attribution": "© Mappers & friends", "first_zoom": 0, "last_zoom": 5, "box": list(BOX),
        "layers": ["water", "roads"],
    }  # fmt: skip
    assert (second["title"], second["kind"], second["layers"]) == ("sky", "pictures", [])
    assert ask("", role=None).status_code == 401
    assert ask(FILE, role=None).status_code == 401


def test_pieces_add_up_to_the_file(ask: Callable[..., Any], there: Place) -> None:
    whole = (there.mission.folder / "maps" / "roads and water.pmtiles").read_bytes()
    n = len(whole)
    answer = ask(FILE)
    assert (answer.status_code, answer.content, answer.headers["accept-ranges"]) == (200, whole, "bytes")
    head = ask(FILE, Range="bytes=0-126")
    assert (head.status_code, head.content, head.headers["content-range"]) == (206, whole[:127], f"bytes 0-126/{n}")
    assert head.headers["etag"] == answer.headers["etag"]
    assert head.headers["content-type"] == "application/vnd.pmtiles"
    assert "private" in head.headers["cache-control"]
    assert head.headers["x-content-type-options"] == "nosniff"
    assert ask(FILE, Range="bytes=-5").content == whole[-5:]
    assert ask(FILE, Range="bytes=100-").content == whole[100:]
    assert ask(FILE, Range=f"bytes=0-{n * 10}").content == whole
    # a piece of another version is not mixed in: the whole is given, and the map begins anew
    assert ask(FILE, **{"Range": "bytes=0-9", "If-Range": '"another"'}).status_code == 200
    assert ask(FILE, **{"Range": "bytes=0-9", "If-Range": head.headers["etag"]}).status_code == 206


@pytest.mark.parametrize(
    "wanted",
    ["bytes=999999-", "bytes=5-2", "bytes=0-1,3-4", "bytes=" + ",".join(f"{k}-{k}" for k in range(400)), "lines=0-1",
     "bytes=-", "bytes=a-b", "bytes=" + "9" * 5000 + "-", "x", ""],
)  # fmt: skip
def test_a_piece_that_is_none_is_refused_and_costs_nothing(ask: Callable[..., Any], wanted: str) -> None:
    answer = ask(FILE, Range=wanted)
    assert answer.status_code in (400, 416)
    assert len(answer.content) < 200
    if answer.status_code == 416:
        assert answer.headers["content-range"].startswith("bytes */")


@pytest.mark.parametrize(
    "path",
    ["/notes.txt", "/../tocsin.toml", "/..%2ftocsin.toml", "/%2e%2e/tocsin.db", "/..%5ctocsin.toml", "/%00",
     "/sky.pmtiles%00.txt", "//etc/passwd", "/%2fetc%2fpasswd", "/none.pmtiles"],
)  # fmt: skip
def test_only_the_files_found_at_the_start_are_given(ask: Callable[..., Any], path: str) -> None:
    answer = ask(path, role=Role.ADMINISTRATOR)
    assert answer.status_code == 404
    assert "mission" not in answer.text


def test_a_file_that_goes_away_is_said_to_be_gone(ask: Callable[..., Any], there: Place) -> None:
    (there.mission.folder / "maps" / "z.pmtiles").unlink()
    answer = ask("/z.pmtiles")
    assert answer.status_code == 404
    assert "put it back" in answer.json()["title"]


def test_an_independent_writer_and_reader_agree_with_ours(tmp_path: Path) -> None:
    """GDAL writes one, which is taken; and reads what these tests write."""
    import pyogrio

    lines = shapely.to_wkb(np.array([shapely.LineString([(20, 5), (21, 6)])]))
    pyogrio.raw.write(
        tmp_path / "g.pmtiles", lines, [np.array(["x"], dtype=object)], ["kind"], geometry_type="LineString",
        crs="EPSG:4326", driver="PMTiles", layer="roads", dataset_options={"NAME": "By GDAL", "MAXZOOM": "6"},
    )  # fmt: skip
    found = read_tile_file(tmp_path / "g.pmtiles")
    assert (found.title, found.format, found.last_zoom, found.layers) == ("By GDAL", "mvt", 6, ("roads",))
    assert found.box == pytest.approx(BOX, abs=1e-6)
    ours = written(tmp_path / "o.pmtiles")
    assert [str(name) for name, _ in pyogrio.list_layers(ours)] == ["water", "roads"]
    road = shapely.from_wkb(pyogrio.raw.read(ours, layer="roads")[2])
    west, south, east, north = shapely.total_bounds(road) / 20_037_508.34 * 180
    assert (west, east) == pytest.approx((20, 21), abs=0.01)
    assert south == pytest.approx(5.006, abs=0.02)
    assert north == pytest.approx(6.011, abs=0.02)


def head(at: int, kind: str, value: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        made = bytearray(data)
        struct.pack_into(kind, made, at, value)
        return bytes(made)

    return change


def directory(*numbers: int) -> Callable[[bytes], bytes]:
    """A file whose root directory holds these numbers."""
    packed = b"".join(bytes([n & 127 | 128, n >> 7]) if n > 127 else bytes([n]) for n in numbers)
    return lambda data: head(97, "<B", 1)(head(16, "<Q", len(packed))(data[:127] + packed + data[127 + len(packed) :]))


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "begin"),
    "something else": (lambda _: b"<html>" * 100, "begin"),
    "version 2": (head(7, "<B", 2), "version"),
    "cut short": (lambda data: data[:-40], "cut short"),
    "cut in its directory": (lambda data: data[:140], "cut short"),
    "a root beyond the end": (head(8, "<Q", 1 << 62), "cut short"),
    "a root over the head": (head(8, "<Q", 10), "front"),
    "a root of nothing": (head(16, "<Q", 0), "cut short"),
    "zstd": (head(97, "<B", 4), "packed"),
    "no kind of tile": (head(99, "<B", 0), "kind"),
    "zooms turned round": (head(100, "<B", 9), "zooms"),
    "no earth": (head(102, "<i", 2_000_000_000), "earth"),
    "no entries": (directory(0), "whole"),
    "a tile beyond the tiles": (directory(1, 0, 1, 9_000, 1), "outside"),
    "a leaf that is none": (directory(1, 0, 0, 20, 1), "outside"),
    "an entry of no length": (directory(1, 0, 1, 0, 1), "outside"),
    "half a directory": (directory(3, 0, 1), "whole"),
    "a number without end": (directory(*[16_383] * 8), "whole|end"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_drawn_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    change, said = BAD[name]
    mission = set_base_maps(square(tmp_path / "mission"), "bad.pmtiles")
    path = mission.folder / "bad.pmtiles"
    path.write_bytes(change(written(path).read_bytes()))
    with pytest.raises(BadFile, match=said) as refused:
        serve_settings(mission)
    told = str(refused.value)
    assert "bad.pmtiles" in told
    assert "\n" not in told


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_are_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.pmtiles"
    whole = bytearray(written(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, min(len(whole), 600) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))] if data.draw(st.booleans()) else whole)
    with contextlib.suppress(BadFile):
        assert len(read_tile_file(path).title) <= 60


def test_descriptions_that_lie_are_refused(tmp_path: Path) -> None:
    mission = set_base_maps(square(tmp_path / "mission"), "bad.pmtiles")
    path = mission.folder / "bad.pmtiles"
    lies: list[dict[str, Any]] = [{"vector_layers": None}, {"vector_layers": [{}]}, {"vector_layers": [{"id": 3}]},
                 {"vector_layers": [{"id": "x"}] * 101}]  # fmt: skip
    for more in lies:
        written(path, **more)
        with pytest.raises(BadFile, match="layer"):
            serve_settings(mission)
    bomb = gzip.compress(b" " * (64 << 20))  # 64 kB that would be 64 MB
    data = written(path).read_bytes()
    path.write_bytes(head(32, "<Q", len(bomb))(head(24, "<Q", len(data))(data)) + bomb)
    with pytest.raises(BadFile, match="unpacks to more"):
        serve_settings(mission)
    written(path, name=7, attribution=["x"])
    (found,) = serve_settings(mission).base_maps
    assert (found.title, found.attribution) == ("", "")


def test_a_setting_that_names_nothing_is_refused(tmp_path: Path) -> None:
    mission = set_base_maps(square(tmp_path / "mission"), "maps")
    with pytest.raises(BadFile, match="maps cannot be read"):
        serve_settings(mission)
    (mission.folder / "maps").mkdir()
    with pytest.raises(BadFile, match=r"no \.pmtiles file"):
        serve_settings(mission)
