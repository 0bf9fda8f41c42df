"""Anything at all is sent to the doors: none of it is our mistake (no 5xx), and refused things are kept nowhere."""

import json
import string
from typing import Any

import pytest
import schemathesis
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.listen.alerts.deliveries import DELIVERIES
from tests.web.arrivals import read_all, say
from tests.web.houses import Place, app_of, door
from tests.web.signing import request_of
from tocsin.core.codes import Role
from tocsin.listen.alerts.tables import report
from tocsin.store import reading

QUICK = settings(
    max_examples=40, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=40),
    st.sampled_from(["\x00", "\ud800", "9" * 400, "1e999", "-0", "٣", "uuid:", "2026-13-45", "+236", "ى\u202e"]),
)  # fmt: skip


def holes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [path]
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += holes(inner, (*path, key))
    return found


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


@pytest.fixture
def ready(place: Place) -> Place:
    for provider in DELIVERIES:
        place.way(provider)
    return place


@pytest.mark.parametrize("provider", sorted(DELIVERIES))
def test_deliveries_with_anything_in_them(ready: Place, provider: str) -> None:
    way, delivery = ready.way(provider), DELIVERIES[provider]
    is_json = delivery.body[:1] == b"{"
    whole = json.loads(delivery.body) if is_json else None

    with door(ready) as client:

        @QUICK
        @given(st.data())
        def send(data: st.DataObject) -> None:
            if is_json and data.draw(st.booleans()):
                new = put(whole, data.draw(st.sampled_from(holes(whole))), data.draw(JUNK))
                body = json.dumps(new, ensure_ascii=True).encode()
            else:
                at = data.draw(st.integers(0, len(delivery.body)))
                body = delivery.body[:at] + data.draw(st.binary(max_size=30)) + delivery.body[at:]
            asked = _signed(way, delivery, body, ready)
            if asked is None:
                return
            if data.draw(st.booleans()):
                asked["headers"] |= {"X-Event-Type": data.draw(st.text(string.printable, max_size=20)).strip()}
                asked["headers"] = {k: v.replace("\n", " ").replace("\r", " ") for k, v in asked["headers"].items()}
            answer = client.request(**asked)
            assert answer.status_code < 500, (answer.text, body)

        send()
    read_all(ready)
    with reading(ready.engine) as connection:
        stuck = connection.execute(sa.select(report.c.id).where(report.c.state == "new")).all()
    assert stuck == []


def _signed(way: Any, delivery: Any, body: bytes, ready: Place) -> dict[str, Any] | None:
    try:
        return request_of(way, type(delivery)(body, delivery.at, delivery.headers, delivery.query), ready.clock)
    except UnicodeDecodeError:
        return None


def test_anything_but_a_delivery(ready: Place) -> None:
    way = ready.way("openrosa")
    with door(ready) as client:

        @QUICK
        @given(
            st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"]),
            st.lists(st.text(string.ascii_letters + "/.%-_", max_size=12), max_size=4),
            st.binary(max_size=200),
            st.sampled_from(
                ["", "multipart/form-data", "multipart/form-data; boundary=x", "text/xml", "a/b; charset=\xff"]
            ),
        )
        def ask(method: str, rest: list[str], body: bytes, kind: str) -> None:
            for start in (f"/in/{way.id}/{way.path}/", f"/in/{way.id}/", "/in/", "/in//"):
                request = client.build_request(
                    method, "http://127.0.0.1" + start + "/".join(rest), content=body,
                    headers={b"content-type": kind.encode("latin-1"), "Authorization": _basic(way.secret)},
                )  # fmt: skip
                answer = client.send(request)
                assert answer.status_code < 500, (method, start, rest, body)

        ask()


def _basic(secret: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"tocsin:{secret}".encode()).decode()


def test_the_interface_as_it_describes_itself(place: Place) -> None:
    """Requests made from our own OpenAPI, right and wrong ones, as the person who may do most."""
    duty = place.person(Role.DUTY_OFFICER)
    for n in range(6):
        say(place, "attaque à Ippy" if n % 2 else "", f"+3300000000{n}")
    read_all(place)
    app = app_of(place)
    app.state.reads_reports = False
    headers = {"Authorization": f"Bearer {duty}", "Host": "127.0.0.1"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=headers)
    mine = ("/api/reports", "/api/alerts", "/api/sources", "/api/gateways", "/api/notices", "/ogc")
    seen = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if not operation.path.startswith(mine):
            continue

        @settings(QUICK, max_examples=15)
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            answer = case.call(headers=headers, timeout=60)
            assert answer.status_code < 500, (case.as_curl_command(), answer.text[:300])
            if answer.status_code >= 400:
                assert "problem+json" in answer.headers["content-type"][0]

        call()
        seen += 1
    assert seen > 20
    app.state.house.engine.dispose()
