"""OGC API – Features over HTTP: pages that lead to every row, wrong questions refused, downloads written down."""

import io
import json
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.web.api.test_tiles import ask, town
from tests.web.arrivals import read_all, say
from tests.web.houses import Place, door
from tocsin.core.codes import Component, Role
from tocsin.store import reading, writing
from tocsin.store.tables import audit, run
from tocsin.web.api import feature_tables
from tocsin.web.api.feature_tables import KINDS

__all__ = ["town"]
NAMES = {"alerts", "reports", "events", "units", "plan", "risk", "places"}


@pytest.fixture
def busy(town: Place) -> Place:
    """Seven reports that make alerts in two areas, heard on two days."""
    for n in range(3):
        say(town, "attaque à Ippy", f"+111111111{n}", ago=60 * 30)
    for n in range(4):
        say(town, "vol de boeufs à Bambari", f"+222222222{n}")
    read_all(town)
    return town


def links(body: Any) -> dict[str, str]:
    return {k["rel"]: k["href"] for k in body["links"]}


def follow(client: TestClient, token: str, href: str) -> Any:
    answer = client.get(href, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_from_the_first_page_a_program_finds_every_row(busy: Place) -> None:
    duty = busy.person(Role.DUTY_OFFICER)
    with door(busy) as client:
        landing = follow(client, duty, "/ogc")
        assert follow(client, duty, links(landing)["service-desc"])["openapi"].startswith("3.")
        classes = follow(client, duty, links(landing)["conformance"])["conformsTo"]
        assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
        assert "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core" in classes
        found = follow(client, duty, links(landing)["data"])["collections"]
        assert {c["id"] for c in found} == NAMES == set(KINDS)
        for one in found:
            assert follow(client, duty, links(one)["self"])["id"] == one["id"]
            assert one["extent"]["spatial"]["bbox"] == [[20.0, 5.0, 22.0, 7.0]]
        page = follow(client, duty, "/ogc/collections/reports/items?limit=3")
        seen, pages = [], 1
        while True:
            assert page["type"] == "FeatureCollection"
            assert page["numberReturned"] == len(page["features"]) <= 3
            assert page["numberMatched"] == 7
            seen += [f["id"] for f in page["features"]]
            if "next" not in links(page):
                break
            page = follow(client, duty, links(page)["next"])
            pages += 1
        assert (len(seen), len(set(seen)), pages) == (7, 7, 3)
        assert follow(client, duty, links(page)["prev"])["numberReturned"] == 3
        one = follow(client, duty, f"/ogc/collections/reports/items/{seen[0]}")
        assert (one["type"], one["id"]) == ("Feature", seen[0])
        assert links(one)["collection"].endswith("/ogc/collections/reports")
        assert "text" not in one["properties"]
        ask(client, duty, "reports/items/999999", 404)


def test_filters_by_box_time_and_columns(busy: Place) -> None:
    duty = busy.person(Role.DUTY_OFFICER)
    day = busy.clock().date().isoformat()

    with door(busy) as client:

        def count(query: str) -> int:
            return int(follow(client, duty, f"/ogc/collections/alerts/items?{query}")["numberMatched"])

        assert count("") == 2
        assert count("bbox=20,6,21,7") == count("bbox=20,6,-100,21,7,900") == 1
        assert count("bbox=-180,-90,20.1,90") == 0
        assert count("bbox=21,5,20,7") == 1  # across the date line: from 21 eastward round the world to 20
        assert count(f"datetime={day}") == count(f"datetime={day}/..") == 1
        assert count("datetime=../2020-01-01T00:00:00Z") == 0
        assert count("threat=attack") == count("area=W") == 1
        assert count("threat=attack&area=E") == 0
        assert count("limit=1000000") == 2
        found = follow(client, duty, "/ogc/collections/alerts/queryables")
        assert set(found["properties"]) == set(KINDS["alerts"].columns) | {"geometry"}
        assert found["properties"]["priority"] == {"title": "priority", "type": "number"}


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "bbox=0,0,0,nan", "bbox=500,0,501,1", "bbox=0,5,1,4", "datetime=yesterday",
     "datetime=2026-01-01/2026-01-02/2026-01-03", "limit=0", "limit=x", "offset=-1", "after=1", "f=shp", "nothing=1"],
)  # fmt: skip
def test_a_wrong_question_is_refused_before_anything_is_read(
    town: Place, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    duty = town.person(Role.DUTY_OFFICER)

    def read(*_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setitem(KINDS, "alerts", feature_tables.Kind("A", "", "alert", KINDS["alerts"].columns, read,  # type: ignore[arg-type]
                                                            KINDS["alerts"].version))  # fmt: skip
    with door(town) as client:
        answer = ask(client, duty, f"alerts/items?{query}", 400)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 400
        assert answer.json()["title"]


def test_who_may_not_see_a_collection_is_not_told_of_it(town: Place) -> None:
    reader, partner = town.person(Role.READ_ONLY), town.person(Role.PARTNER, areas=("W",))
    with door(town) as client:
        found = {c["id"] for c in follow(client, reader, "/ogc/collections")["collections"]}
        assert found == {"events", "places"}
        assert "reports" not in {c["id"] for c in follow(client, partner, "/ogc/collections")["collections"]}
        for path in ("alerts", "alerts/items", "alerts/items/1", "alerts/queryables", "alerts/tiles",
                     "alerts/tiles/WebMercatorQuad"):  # fmt: skip
            ask(client, reader, path, 403)
            assert client.get(f"/ogc/collections/{path}").status_code == 401
        ask(client, reader, "passwords/items", 404)


def test_places_are_a_collection_and_unknown_people_stay_unknown(town: Place) -> None:
    reader = town.person(Role.READ_ONLY)
    with door(town) as client:
        found = follow(client, reader, "/ogc/collections/places/items?name=Ippy")["features"]
        assert [f["geometry"]["coordinates"] for f in found] == [[20.23, 6.27]]
        assert found[0]["properties"]["population"] == 20_000


def test_rows_of_the_plan_are_those_of_ones_component_and_units_are_named_to_those_who_may_see_them(
    town: Place,
) -> None:
    gids = town.mission.cells()
    moves = [
        {"what": "move", "unit": f"unit-{kind}", "kind": kind, "gid": int(gids[0]), "area": "West", "gain": 1.0,
         "lon": 20.25, "lat": 5.25}
        for kind in ("base", "fpu", "mystery")
    ]  # fmt: skip
    output = {"as_of": "2026-02", "season": "dry", "moves": moves}
    with writing(town.engine) as connection:
        values = {"id": "plan-1", "kind": "plan", "inputs": {}, "version": "1", "made_at": town.clock()}
        connection.execute(sa.insert(run).values(**values, output=output))
    police = town.person(Role.POLICE, component=Component.POLICE)
    analyst = town.person(Role.ANALYST)
    partner = town.person(Role.PARTNER)
    with door(town) as client:
        found = follow(client, police, "/ogc/collections/plan/items")["features"]
        assert [f["properties"]["kind"] for f in found] == ["fpu"]
        assert found[0]["properties"]["unit"] == "unit-fpu"
        assert follow(client, analyst, "/ogc/collections/plan/items")["numberMatched"] == 3
        ask(client, partner, "plan/items", 403)


def test_a_download_is_written_down_without_names(busy: Place) -> None:
    duty = busy.person(Role.DUTY_OFFICER)
    with door(busy) as client:
        ask(client, duty, "alerts/items")
        answer = ask(client, duty, "alerts/items?f=parquet&threat=attack&place=Ippy&bbox=20,6,21,7"
                                   "&datetime=2020-01-01T10:00:00Z/..")  # fmt: skip
        assert answer.headers["content-disposition"] == 'attachment; filename="alerts.parquet"'
        assert answer.content[:4] == b"PAR1"
        rows = ask(client, duty, "reports/items?f=csv").text.splitlines()
        assert len(rows) == 8
        book = ask(client, duty, "reports/items?f=xlsx&limit=1").content
        assert book[:2] == b"PK"
    with reading(busy.engine) as connection:
        query = sa.select(audit.c.who, audit.c.object_id, audit.c.details).where(audit.c.what == "table.download")
        lines = connection.execute(query.order_by(audit.c.seq)).all()
    assert [(who, what) for who, what, _ in lines] == [
        ("a-duty_officer", "alerts"), ("a-duty_officer", "reports"), ("a-duty_officer", "reports"),
    ]  # fmt: skip
    assert json.loads(lines[0].details) == {
        "format": "parquet", "filter": ["place:*", "threat:attack"], "rows": 1, "bbox": [20.0, 6.0, 21.0, 7.0],
        "from": 20200101100000,
    }  # fmt: skip


def test_what_is_downloaded_is_what_was_filtered(busy: Place, tmp_path: Any) -> None:
    duty = busy.person(Role.DUTY_OFFICER)
    with door(busy) as client:
        path = tmp_path / "a.parquet"
        path.write_bytes(ask(client, duty, "reports/items?f=parquet&area=E").content)
        text = ask(client, duty, "reports/items?f=csv&area=E").content
    with duckdb.connect() as db:
        assert db.execute("SELECT count(*), min(area) FROM read_parquet(?)", [str(path)]).fetchall() == [(4, "E")]
    assert len(io.BytesIO(text).readlines()) == 5


def test_alerts_are_cut_by_the_database_and_new_ones_move_no_page(busy: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = (Role.DUTY_OFFICER, Role.PARTNER)
    tokens = {role: busy.person(role) for role in roles}
    for n, place in enumerate(("Kaga", "Alindao", "Bria", "Bangassou")):
        say(busy, f"attaque à {place}", f"+333333333{n}", ago=60 * (40 + n))
    read_all(busy)
    base = "/ogc/collections/alerts/items"
    with door(busy) as client:
        # The same rows as the whole collection filtered in memory, for each question and role.
        for role in roles:
            whole = follow(client, tokens[role], f"{base}?limit=10000&datetime=1990-01-01/..")["features"]
            for query in ("", "state=open", "state=OPEN&practice=false", "threat=attack", "id=1", "level=1", "tlp=red"):
                wanted = [kv.split("=") for kv in query.split("&") if kv]
                mine = [f for f in whole if all(str(f["properties"].get(k, f["id"])).lower() == v.lower()
                                                for k, v in wanted)]  # fmt: skip
                page = follow(client, tokens[role], f"{base}?limit=10000&{query}")
                assert page["features"] == mine, (role, query)
                assert page["numberMatched"] == len(mine)
        total = len(follow(client, tokens[Role.DUTY_OFFICER], f"{base}?limit=10000")["features"])
        assert total >= 3

        def never(*_: Any) -> None:
            raise AssertionError("a page read every alert")

        monkeypatch.setattr(feature_tables.reads, "every_alert", never)
        page = follow(client, tokens[Role.DUTY_OFFICER], f"{base}?limit=1")
        seen = [f["id"] for f in page["features"]]
        say(busy, "vol de boeufs à Ouadda", "+4444444444")
        read_all(busy)
        while "next" in links(page):
            page = follow(client, tokens[Role.DUTY_OFFICER], links(page)["next"])
            seen += [f["id"] for f in page["features"]]
        assert len(seen) == len(set(seen)) == total
        for wrong in ("after=x", "after=2026-01-01~1", "after=2026-01-01T00:00:00Z~x"):
            told = client.get(f"{base}?{wrong}", headers={"Authorization": f"Bearer {tokens[Role.DUTY_OFFICER]}"})
            assert told.status_code == 400, wrong
