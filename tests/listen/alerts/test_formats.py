import contextlib
import dataclasses
import datetime as dt
import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.listen.alerts.deliveries import CANARY, CAP, DELIVERIES, NAME, NOW, OPENROSA
from tocsin.core.errors import BadInput, TocsinError
from tocsin.listen.alerts.formats import READERS
from tocsin.listen.alerts.formats.cap import CapArea, CapWarning, acknowledge, write_cap
from tocsin.listen.alerts.formats.values import instant, position
from tocsin.listen.alerts.model import Delivery, NotAReport, Received, ReportKind


def one(provider: str, delivery: Delivery | None = None) -> Received:
    return READERS[provider](delivery or DELIVERIES[provider])[0]


def send(provider: str, body: object, **headers: str) -> tuple[Received, ...]:
    return READERS[provider](Delivery(json.dumps(body).encode(), NOW, headers))


@pytest.mark.parametrize("provider", READERS)
def test_reads_the_documented_payload(provider: str) -> None:
    found = one(provider)
    assert found.provider == provider
    assert found.provider_id or provider in ("generic", "radio")  # these may have none
    assert found.sender
    assert found.text
    assert found.at.utcoffset() == dt.timedelta(0)
    assert NOW - dt.timedelta(hours=3) < found.at <= NOW


@pytest.mark.parametrize("provider", READERS)
def test_who_sent_it_stays_in_its_own_field(provider: str) -> None:
    for found in READERS[provider](DELIVERIES[provider]):
        bare = dataclasses.replace(found, sender=None)
        kept = repr([getattr(bare, f.name) for f in dataclasses.fields(bare)])
        assert not any(c in kept for c in (CANARY, CANARY[1:], NAME, "canari"))
        assert not any(c in repr(found) for c in (CANARY[1:], NAME, found.text))
    assert CANARY[1:] not in repr(DELIVERIES[provider])


@pytest.mark.parametrize("provider", READERS)
def test_the_same_bytes_give_the_same_report(provider: str) -> None:
    assert READERS[provider](DELIVERIES[provider]) == READERS[provider](DELIVERIES[provider])


def _mutations(delivery: Delivery) -> st.SearchStrategy[Delivery]:
    cut = st.tuples(st.integers(0, len(delivery.body)), st.integers(0, 6), st.binary(max_size=6))

    def damage(cuts: list[tuple[int, int, bytes]]) -> Delivery:
        body = delivery.body
        for at, length, new in cuts:
            body = body[:at] + new + body[at + length :]
        return dataclasses.replace(delivery, body=body)

    return st.lists(cut, min_size=1, max_size=4).map(damage)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def _rebuilt(value: object, draw: st.DrawFn) -> object:
    """A document with some of its values exchanged for others of any type."""
    if draw(st.integers(0, 5)) == 0:
        return draw(JSON_VALUES)
    if isinstance(value, dict):
        return {k: _rebuilt(v, draw) for k, v in value.items()}
    if isinstance(value, list):
        return [_rebuilt(v, draw) for v in value]
    return value


def _sound(found: tuple[Received, ...]) -> None:
    assert found
    for each in found:
        assert each.at.utcoffset() == dt.timedelta(0)
        for words in (each.text, each.provider_id or "", each.sender or "", *each.fields, *each.fields.values()):
            words.encode("utf-8")
            assert "\x00" not in words
        assert (each.lon is None) == (each.lat is None)
        assert each.lon is None or (abs(each.lon) <= 180 and abs(each.lat or 0) <= 90)


@pytest.mark.parametrize("provider", READERS)
@given(data=st.data())
def test_damaged_bytes_are_read_or_refused(provider: str, data: st.DataObject) -> None:
    delivery = data.draw(_mutations(DELIVERIES[provider]) | st.binary(max_size=200).map(lambda b: Delivery(b, NOW)))
    with contextlib.suppress(TocsinError):
        _sound(READERS[provider](delivery))


@pytest.mark.parametrize("provider", [p for p, d in DELIVERIES.items() if d.body.startswith(b"{")])
@given(data=st.data())
def test_values_of_any_type_are_read_or_refused(provider: str, data: st.DataObject) -> None:
    draw = data.draw
    body = json.dumps(_rebuilt(json.loads(DELIVERIES[provider].body), draw)).encode()
    with contextlib.suppress(TocsinError):
        _sound(READERS[provider](dataclasses.replace(DELIVERIES[provider], body=body)))


@pytest.mark.parametrize("provider", [p for p, d in DELIVERIES.items() if d.body.startswith(b"{")])
@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' + b"9" * 9_000 + b"}", b"NaN", b"[]", b"", b"\xff\xfe", b'{"a":1e999}']
)
def test_hostile_json_is_refused(provider: str, body: bytes) -> None:
    with pytest.raises(BadInput):
        READERS[provider](dataclasses.replace(DELIVERIES[provider], body=body))


BOMB = '<!DOCTYPE a [<!ENTITY x "boom"><!ENTITY y "&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize("provider", ["openrosa", "cap"])
@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a>" * 50 + "</a>" * 50,
        "<a>" + "<b/>" * 30_000 + "</a>",
        "<a>&undefined;</a>",
        '<?xml version="1.0" encoding="no-such"?><a/>',
        "<p:a/>",
        "",
    ],
)
def test_hostile_xml_is_refused(provider: str, body: str) -> None:
    with pytest.raises(BadInput):
        READERS[provider](Delivery(body.encode(), NOW))


def test_twilio_media_and_status() -> None:
    assert one("twilio").attachments[0].content_type == "image/jpeg"
    with pytest.raises(NotAReport):
        one("twilio", Delivery(b"MessageSid=SM1&MessageStatus=failed&ErrorCode=21610&To=%2B1", NOW))
    picture = one("twilio", Delivery(b"From=whatsapp%3A%2B1&NumMedia=1&MediaUrl0=u&MessageSid=S", NOW))
    assert (picture.text, picture.kind) == ("", ReportKind.CHAT)


def test_africas_talking_time_without_zone_is_utc_and_receipts_are_no_reports() -> None:
    assert one("africastalking").at == dt.datetime(2026, 3, 1, 5, 4, 45, tzinfo=dt.UTC)
    with pytest.raises(NotAReport):
        one("africastalking", Delivery(b"id=1&status=Success", NOW))


def test_smssync_tells_seconds_from_milliseconds() -> None:
    long = one("smssync")
    short = one(
        "smssync",
        dataclasses.replace(DELIVERIES["smssync"], body=DELIVERIES["smssync"].body.replace(b"500000", b"500")),
    )
    assert long.at == short.at == dt.datetime.fromtimestamp(1772341500, dt.UTC)
    assert long.provider_id == "d1/7"


def test_httpsms_missed_call_is_a_report_without_words() -> None:
    body = {"id": "e9", "data": {"message_id": "m9", "contact": CANARY, "timestamp": "2026-03-01T05:10:00Z"}}
    (found,) = send("httpsms", body, **{"X-Event-Type": "message.call.missed"})
    assert (found.kind, found.text, found.provider_id, found.sender) == (ReportKind.MISSED_CALL, "", "m9", CANARY)
    with pytest.raises(NotAReport):
        send("httpsms", body, **{"X-Event-Type": "message.phone.delivered"})


def test_sms_gateway_counts_by_event_id_and_pings_are_no_reports() -> None:
    assert one("smsgateway").provider_id == "Ey6"
    with pytest.raises(NotAReport) as caught:
        send("smsgateway", {"event": "system:ping", "id": "x", "payload": {}})
    assert caught.value.event == "system:ping"


def test_infobip_gives_each_message_its_own_hash() -> None:
    first, second = READERS["infobip"](DELIVERIES["infobip"])
    assert (first.text, second.text) == ("QUIZ attaque", "deux")
    assert second.attachments[0].content_type == "image/jpeg"
    assert first.raw_sha256 != second.raw_sha256


def test_generic_reads_get_and_post() -> None:
    posted = one("generic", Delivery(b"from=1&text=a&time=2026-03-01T05:00:00Z&id=5", NOW))
    assert (posted.sender, posted.text, posted.provider_id) == ("1", "a", "5")
    assert one("generic", Delivery(b"from=1&kind=missed_call", NOW)).kind is ReportKind.MISSED_CALL


def test_rapidpro_legacy_body() -> None:
    body = {
        "contact": {"uuid": "a"},
        "input": {"text": "hier soir", "created_on": "2026-03-01T05:00:00Z", "urn": {"path": CANARY, "scheme": "tel"},
                  "attachments": ["image/jpeg:https://x/a"]},
        "results": {"q": {"value": "x", "category": "Yes", "node_uuid": "n"}},
    }  # fmt: skip
    (found,) = send("rapidpro", body)
    assert (found.text, found.sender, found.provider_id) == ("hier soir", CANARY, None)
    assert found.attachments[0].content_type == "image/jpeg"
    assert found.fields == {"q": "Yes"}


def test_kobo_edit_is_a_version_and_wrapped_submissions_are_found() -> None:
    found = one("kobo")
    assert (found.provider_id, found.version, found.lon, found.lat) == ("root", "new", 15.0, 12.1)
    (wrapped,) = send("kobo", {"fields": json.loads(DELIVERIES["kobo"].body)})
    assert wrapped.provider_id == "root"
    nowhere = json.loads(DELIVERIES["kobo"].body) | {"_geolocation": [None, None]}
    assert send("kobo", nowhere)[0].lon is None


def test_openrosa_reads_latitude_first_and_keeps_all_points() -> None:
    found = one("openrosa")
    assert (found.lon, found.lat, found.text) == (21.22468, 6.26793, "attaque à Ippy")
    assert (found.provider_id, found.replaces) == ("340f7fe7", ("111",))
    assert found.fields["points/2/point"] == "-1.5 3.25 0 0"
    with pytest.raises(BadInput, match="encrypted"):
        one("openrosa", Delivery(OPENROSA.replace('version="3"', 'version="3" encrypted="yes"').encode(), NOW))


def test_cap_reads_latitude_first_and_practice_is_marked() -> None:
    found = one("cap")
    assert (found.lon, found.lat) == (21.5, 6.5)
    assert found.replaces == ("cap@ec.gc.ca,2.49.0.0,2026-03-01T01:45:05-00:00",)
    assert not found.practice
    for status in ("Exercise", "Test", "Draft", "System"):
        assert one("cap", Delivery(CAP.replace("Actual", status).encode(), NOW)).practice
    with pytest.raises(BadInput):
        one("cap", Delivery(CAP.replace("cap:1.2", "cap:1.1").encode(), NOW))


def test_wrong_clocks_give_the_time_of_arrival() -> None:
    for value in ("1970-01-01T00:00:00Z", "2036-01-01", "99999999999999", "-5", "garbage", None, [], 10**30, "nan"):
        assert instant(value, NOW) == NOW
    assert position("91", "0") == position(0, 0) == position("nan", 1) == (None, None)


WARNING = CapWarning(
    "t-1", "duty@tocsin.example", NOW, event="armed group <moving> & near", msg_type="Update", restriction="mission",
    references=(("duty@tocsin.example", "t-0", NOW),), responses=("Shelter", "Monitor"), urgency="Immediate",
    severity="Severe", certainty="Likely", expires_at=NOW + dt.timedelta(hours=6), sender_name="Mission",
    headline="H", description="D", instruction="I",
    areas=(CapArea("Ippy", (((21.0, 6.0), (22.0, 6.0), (22.0, 7.0)),), ((21.2, 6.3, 10.0),)),),
)  # fmt: skip
ALERT_ORDER = """
identifier sender sent status msgType source scope
restriction addresses code note references incidents info
"""
INFO_ORDER = """
language category event responseType urgency severity certainty audience eventCode effective onset expires
senderName headline description instruction web contact parameter resource area
"""


def test_what_we_write_is_in_caps_order_and_reads_back() -> None:
    written = write_cap(WARNING)
    root = ET.fromstring(written)
    for element, order in ((root, ALERT_ORDER), (root[-1], INFO_ORDER)):
        at = [order.split().index(e.tag.rsplit("}", 1)[1]) for e in element]
        assert at == sorted(at)
    (found,) = READERS["cap"](Delivery(written, NOW))
    assert found.practice
    assert "armed group <moving> & near" in found.text
    assert found.provider_id == "duty@tocsin.example,t-1,2026-03-01T05:10:00-00:00"
    ring = next(e.text for e in root.iter() if e.tag.endswith("polygon"))
    assert ring == "6.00000,21.00000 6.00000,22.00000 7.00000,22.00000 6.00000,21.00000"
    assert b"Z<" not in written


def test_acknowledging_points_at_what_was_received() -> None:
    ack = acknowledge(one("cap"), "a-1", "duty@tocsin.example", NOW)
    (found,) = READERS["cap"](Delivery(write_cap(ack), NOW))
    assert found.replaces == (one("cap").provider_id,)
    assert found.fields["msgType"] == "Ack"
    with pytest.raises(BadInput):
        acknowledge(one("telegram"), "a", "b", NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": "has space"}, {"sender": "a,b"}, {"status": "Real"}, {"scope": "Private"}, {"references": ()},
        {"restriction": ""}, {"responses": ("Run",)}, {"event": ""}, {"sent_at": dt.datetime(2026, 1, 1)},
        {"areas": (CapArea("x", (((0.0, 0.0), (1.0, 1.0)),)),)}, {"areas": (CapArea("x", (), ((0.0, 95.0, 1.0),)),)},
    ],
)  # fmt: skip
def test_cap_that_would_not_be_valid_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        write_cap(dataclasses.replace(WARNING, **change))
