"""The intake's door: every gateway's delivery is taken once, and nothing else is."""

import pytest
import sqlalchemy as sa

from tests.listen.alerts.deliveries import CANARY, DELIVERIES, NAME
from tests.web.houses import Place, door
from tests.web.signing import request_of
from tocsin.listen.alerts.tables import gateway, report
from tocsin.store import reading


def reports(place: Place) -> list[sa.RowMapping]:
    with reading(place.engine) as connection:
        return list(connection.execute(sa.select(report).order_by(report.c.id)).mappings())


def counts(place: Place, id: str) -> sa.RowMapping:
    with reading(place.engine) as connection:
        return connection.execute(sa.select(gateway).where(gateway.c.id == id)).mappings().one()


def test_every_provider_is_taken_once_however_often_it_sends(place: Place) -> None:
    for provider in DELIVERIES:
        place.way(provider)
    with door(place) as client:
        for provider, delivery in DELIVERIES.items():
            asked = request_of(place.way(provider), delivery, place.clock)
            first, second = client.request(**asked), client.request(**asked)
            assert first.status_code == (201 if provider == "openrosa" else 200), (provider, first.text)
            assert second.status_code == (202 if provider == "openrosa" else 200), (provider, second.text)
    found = reports(place)
    wanted = {p: 2 if p == "infobip" else 1 for p in DELIVERIES}
    assert {p: sum(r["gateway_id"] == p for r in found) for p in wanted} == wanted
    assert all(r["state"] == "new" and r["conflict_with"] is None for r in found)
    for provider, n in wanted.items():
        row = counts(place, provider)
        assert (row["accepted"], row["repeated"], row["refused"]) == (n, n, 0)
    # the same telephone through different gateways is one source
    with_number = {r["source_id"] for r in found if r["gateway_id"] in ("twilio", "httpsms", "smsgateway", "rapidpro")}
    assert len(with_number) == 1


def test_number_and_name_stand_nowhere_in_the_clear(place: Place) -> None:
    for provider in DELIVERIES:
        place.way(provider)
    with door(place) as client:
        for provider, delivery in DELIVERIES.items():
            client.request(**request_of(place.way(provider), delivery, place.clock))
    tables = sa.MetaData()
    tables.reflect(place.engine)
    with reading(place.engine) as connection:
        for table in tables.tables.values():
            for row in connection.execute(sa.select(table)):
                text = repr(tuple(row))
                assert CANARY.removeprefix("+") not in text, table.name
                assert NAME.split()[1] not in text, table.name


@pytest.mark.parametrize("provider", [p for p in DELIVERIES if p not in ("africastalking", "infobip")])
def test_a_wrong_signature_or_secret_is_refused_and_counted_and_not_kept(place: Place, provider: str) -> None:
    way = place.way(provider)
    with door(place) as client:
        asked = request_of(way, DELIVERIES[provider], place.clock)
        headers = {k: v for k, v in asked["headers"].items() if "sign" not in k.lower() and "auth" not in k.lower()}
        bad = {k: ("wrong" if "Secret" in k else v) for k, v in headers.items()}
        bad |= {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}
        content = asked["content"].replace(way.secret.encode(), b"wrong") if way.secret else asked["content"]
        answer = client.request(**asked | {"headers": bad, "content": content})
        assert answer.status_code in (401, 403)
        assert way.secret not in answer.text
        answer = client.request(**asked | {"url": asked["url"].replace(way.path, "x" * len(way.path))})
        assert answer.status_code == 404
        unknown = client.request(**asked | {"url": f"/in/nobody/{way.path}"})
        assert (unknown.status_code, unknown.text) == (404, answer.text) or provider == "openrosa"
    assert reports(place) == []
    assert counts(place, provider)["refused"] == 2


def test_only_allowed_networks_may_bring_what_cannot_be_signed(place: Place) -> None:
    way = place.way("africastalking", allowed=("192.0.2.0/24",))
    with door(place) as client:
        answer = client.request(**request_of(way, DELIVERIES["africastalking"], place.clock))
    assert answer.status_code == 403
    assert reports(place) == []
