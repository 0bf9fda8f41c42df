"""Tiles over HTTP: who sees what, how it is blurred, and that nothing stale is given."""

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.tile_reading import Feature, read_tile
from tests.web.arrivals import read_all, say
from tests.web.houses import Place, door
from tocsin.act.retention import Keep, retain
from tocsin.core import points
from tocsin.core.codes import Classification, Component, Role, Tlp
from tocsin.core.mvt import MEDIA
from tocsin.listen.alerts.jobs import Worker
from tocsin.listen.alerts.mapped import Layer, Mapped, read_mapped
from tocsin.listen.alerts.sources import describe
from tocsin.listen.alerts.tables import alert, report
from tocsin.listen.places.tables import place as place_table
from tocsin.store import disclosure, reading, writing
from tocsin.store.accounts import CONSOLE
from tocsin.store.labels import Label, lower, raise_label
from tocsin.store.policy import Actor

DUTY = Actor("a-duty_officer", frozenset({Role.DUTY_OFFICER}), frozenset({"*"}))


@pytest.fixture
def town(place: Place) -> Place:
    towns = [("Ippy", 20.23, 6.27), ("Bria", 20.84, 6.46), ("Bambari", 21.65, 5.67)]
    rows = [
        {"source": "t", "key": n, "name": n, "alternates": "", "lon": x, "lat": y, "population": 20_000, "admin1": "",
         "in_area": True}
        for n, x, y in towns
    ]  # fmt: skip
    with writing(place.engine) as connection:
        connection.execute(sa.insert(place_table), rows)
    return place


def ask(client: TestClient, token: str, path: str, status: int = 200, **headers: str) -> Any:
    answer = client.get(f"/ogc/collections/{path}", headers={"Authorization": f"Bearer {token}", **headers})
    assert answer.status_code == status, answer.text
    return answer


def whole(client: TestClient, token: str, name: str) -> list[Feature]:
    """Everything of a collection at zoom 0."""
    answer = client.get(f"/ogc/collections/{name}/tiles/WebMercatorQuad/0/0/0",
                        headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    return read_tile(answer.content)[name] if answer.status_code == 200 else []


def counted(found: list[Feature]) -> int:
    return sum(f.properties.get("n", 0) for f in found)


def drawn(found: Mapped) -> dict[int, tuple[Any, ...]]:
    p = found.points
    words = {k: [w.values[c] if c >= 0 else None for c in w.codes] for k, w in p.words.items()}
    weight = p.weight.values.tolist() if p.weight else [None] * len(p.ids)
    return {
        int(id): (p.lon[k], p.lat[k], bool(p.exact[k]), weight[k], found.at[k], *(w[k] for w in words.values()))
        for k, id in enumerate(p.ids)
    }


def test_what_is_kept_up_is_what_would_be_read_anew(town: Place) -> None:
    """A day of deeds: after each, the points kept up with changes are those of a fresh reading, for everybody."""
    people = [
        DUTY,
        Actor("p", frozenset({Role.PLANNER}), frozenset({"*"})),
        Actor("w", frozenset({Role.LIAISON_ASSISTANT}), frozenset({"W"})),
        Actor("m", frozenset({Role.POLICE, Role.PLANNER}), frozenset({"*"}), Component.POLICE),
        Actor("s", frozenset({Role.ANALYST}), frozenset({"*"})),
    ]
    layers: tuple[Layer, ...] = ("alerts", "reports")
    kept: dict[tuple[str, str], Mapped] = {}
    worker = Worker(town.engine, town.mission)

    def check(what: str) -> None:
        with reading(town.engine) as connection:
            for actor in people:
                for layer in layers:
                    if layer == "reports" and actor.roles & {Role.PLANNER}:
                        continue
                    fresh = read_mapped(connection, actor, layer)
                    before = kept.get((actor.id, layer))
                    kept[actor.id, layer] = read_mapped(connection, actor, layer, before)
                    assert drawn(kept[actor.id, layer]) == drawn(fresh), (what, actor.id, layer)
                    assert read_mapped(connection, actor, layer, kept[actor.id, layer]) is kept[actor.id, layer]

    check("nothing")
    ids = [say(town, t, f"+2222222222{n}", ago=9 - n) for n, t in enumerate(("attaque à Ippy", "attaque au village",
                                                                            "vol de boeufs à Bambari"))]  # fmt: skip
    check("said")
    read_all(town, worker)
    check("read")
    assert len(drawn(kept["a-duty_officer", "alerts"])) == 2
    with door(town) as client:
        duty = {"Authorization": f"Bearer {town.person(Role.DUTY_OFFICER)}"}

        def post(path: str, body: Any) -> Any:
            answer = client.post(f"/api/{path}", json=body, headers=duty)
            assert answer.status_code == 200, answer.text
            check(path)
            return answer.json()

        done = post("reports/place", {"ids": [ids[1]], "lon": 20.9, "lat": 6.4, "radius_km": 5})
        read_all(town, worker)
        check("joined")
        post(f"reports/undo/{done['undo']}", {})
        read_all(town, worker)
        post("reports/dismiss", {"ids": [ids[2]], "why": "false"})
    now = town.clock()
    with writing(town.engine) as connection:
        raise_label(connection, DUTY, report, ids[0], Label(Tlp.RED, Classification.CONFIDENTIAL), now)
        first = connection.execute(sa.select(alert.c.id).where(alert.c.state == "open")).scalars().first()
        raise_label(connection, DUTY, alert, first, Label(Tlp.RED, Classification.CONFIDENTIAL), now)
    check("raised")
    assert drawn(kept["p", "alerts"]) == {}
    with writing(town.engine) as connection:
        lower(connection, DUTY, alert, first, Label(Tlp.GREEN, Classification.UNCLASSIFIED), "case 12", now)
    check("lowered")
    with writing(town.engine) as connection:
        source_id = connection.execute(sa.select(report.c.source_id).where(report.c.id == ids[0])).scalar_one()
        describe(connection, DUTY, source_id, {"owner": "w"}, now)
    check("owner")
    town.clock.on(days=4000)
    with writing(town.engine) as connection:
        retain(connection, CONSOLE, Keep(words=1), town.clock())
    check("retained")


def test_everybody_gets_what_they_may_see_and_no_more(town: Place) -> None:
    duty, planner, west, police = (
        town.person(Role.DUTY_OFFICER), town.person(Role.PLANNER), town.person(Role.LIAISON_ASSISTANT, "west", ("W",)),
        town.person(Role.POLICE),
    )  # fmt: skip
    for n in range(2):
        say(town, "attaque à Ippy", f"+111111111{n}")
    say(town, "vol de boeufs à Bambari", "+2222222222")
    read_all(town)
    with door(town) as client:
        assert counted(whole(client, duty, "reports")) == 3
        assert counted(whole(client, duty, "alerts")) == 2
        assert counted(whole(client, west, "alerts")) == 1
        assert whole(client, police, "alerts") == []
        (far,) = whole(client, planner, "alerts")
        assert far.properties == {"few": True}
        ask(client, planner, "reports/tiles/WebMercatorQuad/0/0/0", 403)
        assert client.get("/ogc/collections/alerts/tiles/WebMercatorQuad/0/0/0").status_code == 401
        x, y = (int(float(v[0]) * 2**14) for v in points.mvt.to_world([20.23], [6.27]))
        near = ask(client, duty, f"alerts/tiles/WebMercatorQuad/14/{y}/{x}")
        (one,) = read_tile(near.content)["alerts"]
        assert (one.properties["threat"], one.properties["n"], one.properties["area"]) == ("attack", 1, "W")
        ask(client, planner, f"alerts/tiles/WebMercatorQuad/14/{y}/{x}", 204)  # it is blurred to another tile
        x, y = (int(float(v[0]) * 2**14) for v in points.mvt.to_world([20.2], [6.3]))
        (one,) = read_tile(ask(client, planner, f"alerts/tiles/WebMercatorQuad/14/{y}/{x}").content)["alerts"]
        assert one.properties["threat"] == "attack"


def test_a_tile_is_never_stale(town: Place) -> None:
    duty = town.person(Role.DUTY_OFFICER)
    with door(town) as client:
        assert whole(client, duty, "reports") == []
        ids = []
        for n in range(3):
            ids.append(say(town, "attaque à Ippy", f"+111111111{n}"))
            read_all(town)
            assert counted(whole(client, duty, "reports")) == n + 1
            assert whole(client, duty, "reports") == whole(client, duty, "reports")
        body = {"ids": ids[:2], "why": "false"}
        done = client.post("/api/reports/dismiss", json=body, headers={"Authorization": f"Bearer {duty}"})
        assert done.status_code == 200
        assert counted(whole(client, duty, "reports")) == 1


def test_layers_that_are_public_are_drawn_for_all_and_wrong_tiles_are_refused(town: Place) -> None:
    reader = town.person(Role.READ_ONLY)
    with door(town) as client:
        assert counted(whole(client, reader, "places")) == 3
        assert {f.properties.get("name") for f in whole(client, reader, "places")} <= {None, "Ippy", "Bria", "Bambari"}
        assert whole(client, reader, "events") == []
        for path, status in (
            ("places/tiles/WebMercatorQuad/3/8/0", 404), ("places/tiles/WebMercatorQuad/99/0/0", 400),
            ("places/tiles/WebMercatorQuad/0/x/0", 400), ("nothing/tiles/WebMercatorQuad/0/0/0", 404),
            ("places/tiles/WebMercatorQuad/0/0/0?f=png", 400), ("risk/tiles/WebMercatorQuad/0/0/0", 403),
        ):  # fmt: skip
            answer = ask(client, reader, path, status)
            assert answer.headers["content-type"] == "application/problem+json", path
            assert answer.json()["status"] == status


def test_a_tile_set_says_where_its_tiles_are(town: Place) -> None:
    reader = town.person(Role.READ_ONLY)
    with door(town) as client:
        (one,) = ask(client, reader, "places/tiles").json()["tilesets"]
        assert one["dataType"] == "vector"
        told = ask(client, reader, "places/tiles/WebMercatorQuad").json()
        template = next(k["href"] for k in told["links"] if k["rel"] == "item")
        path = template.replace("{tileMatrix}", "0").replace("{tileRow}", "0").replace("{tileCol}", "0")
        answer = client.get(path, headers={"Authorization": f"Bearer {reader}"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA)
        assert "no-store" in answer.headers["cache-control"]
        tilejson = ask(client, reader, "places/tiles/WebMercatorQuad?f=tilejson").json()
        assert tilejson["vector_layers"][0]["id"] == "places"
        assert tilejson["tiles"] == ["http://127.0.0.1/ogc/collections/places/tiles/WebMercatorQuad/{z}/{y}/{x}"]


def test_small_is_the_same_everywhere() -> None:
    assert points.SMALLEST == disclosure.SMALLEST
    assert np.isfinite(points.MOST)
