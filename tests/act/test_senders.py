"""What each gateway gets and what its answer means, over real sockets; and where nothing may go."""

import base64
import contextlib
import hashlib
import hmac
import json

import pytest

from tests.act.conftest import NOW
from tocsin.act.notify.formats.receipts import read_receipts
from tocsin.act.notify.guard import allowed, pin
from tocsin.act.notify.model import Answer, Channel, Gateway, Outgoing, Receipt
from tocsin.act.notify.senders import Post
from tocsin.core.errors import BadInput, Forbidden

TO, TEXT = "+23675000001", "Merci, été & paix"


def out(gateway: Gateway | None, address: str = TO, channel: Channel = Channel.SMS, **more) -> Outgoing:
    return Outgoing(7, "k", channel, gateway, address, more.pop("subject", ""), TEXT, more.pop("document", None),
                    False, 1, "w")  # fmt: skip


def test_twilio(world, post) -> None:
    world.answer = lambda call: (201, {"sid": "SM1", "status": "queued", "error_code": None})
    way = Gateway(
        "g", "twilio", {"url": world.url, "account": "AC1", "from": "+1555", "callback": "https://x/r"}, "tok"
    )
    assert post(out(way), NOW) == Answer(True, "SM1")
    (call,) = world.calls
    assert call.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert call.form == {"To": TO, "Body": TEXT, "From": "+1555", "StatusCallback": "https://x/r"}
    assert base64.b64decode(call.headers["authorization"].split()[1]) == b"AC1:tok"
    world.answer = lambda call: (400, {"code": 21610, "message": f"{TO} unsubscribed"})
    assert post(out(way), NOW) == Answer(False, problem="twilio_21610", permanent=True, opted_out=True)
    world.answer = lambda call: (429, {"code": 20429})
    assert post(out(way), NOW) == Answer(False, problem="twilio_20429")


def test_only_hosts_that_the_mission_lists_are_called(world) -> None:
    looked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"]

    world.answer = lambda call: (200, {})
    for hosts, sent in ((("gateway.example",), False), (("127.0.0.1",), True), ((), True)):
        post = Post(("127.0.0.0/8",), resolve=resolve, hosts=hosts)
        answer = post(out(None, f"{world.url} secret", Channel.WEBHOOK), NOW)
        post.close()
        assert (answer.sent, answer.problem) == ((True, None) if sent else (False, "address_not_allowed"))
    assert len(looked) == 2, "who is not listed is not even looked up"
    assert len(world.calls) == 2


@pytest.mark.parametrize(("code", "answer"), [
    (101, Answer(True, "ATX")), (403, Answer(False, None, "at_403", True)),
    (406, Answer(False, None, "at_406", True, True)), (405, Answer(False, None, "at_405", False)),
])  # fmt: skip
def test_africas_talking(world, post, code, answer) -> None:
    row = {"statusCode": code, "number": TO, "status": "Success", "cost": "KES 0.8", "messageId": "ATX"}
    world.answer = lambda call: (201, {"SMSMessageData": {"Message": "Sent", "Recipients": [row]}})
    way = Gateway("g", "africastalking", {"url": world.url, "account": "us", "from": "TOC"}, "key")
    assert post(out(way), NOW) == answer
    assert world.calls[0].form == {"username": "us", "to": TO, "message": TEXT, "from": "TOC"}
    assert world.calls[0].headers["apikey"] == "key"


def test_httpsms_sms_gateway_infobip_rapidpro_generic(world, post) -> None:
    world.answer = lambda call: (200, {"data": {"id": "H1"}, "status": "success"})
    assert post(out(Gateway("g", "httpsms", {"url": world.url, "from": "+1"}, "k")), NOW) == Answer(True, "H1")
    assert world.calls[-1].json == {"from": "+1", "to": TO, "content": TEXT, "request_id": "tocsin-7"}
    assert (world.calls[-1].headers["x-api-key"], world.calls[-1].path) == ("k", "/v1/messages/send")

    world.answer = lambda call: (202, {"id": "tocsin-7", "state": "Pending"})
    phone = Gateway("g", "smsgateway", {"url": world.url, "account": "u"}, "p")
    assert post(out(phone), NOW) == Answer(True, "tocsin-7")
    assert world.calls[-1].json["phoneNumbers"] == [TO]
    world.answer = lambda call: (409, {})
    assert post(out(phone), NOW) == Answer(True)

    world.answer = lambda call: (200, {"messages": [{"messageId": "tocsin-7", "status": {"groupName": "PENDING"}}]})
    way = Gateway("g", "infobip", {"url": world.url, "from": "TOC"}, "k")
    assert post(out(way), NOW) == Answer(True, "tocsin-7")
    assert world.calls[-1].headers["authorization"] == "App k"
    assert world.calls[-1].json["messages"][0]["destinations"] == [{"to": TO[1:], "messageId": "tocsin-7"}]
    world.answer = lambda call: (200, {"messages": [{"status": {"groupName": "REJECTED", "name": "X"}}]})
    assert post(out(way), NOW).permanent

    world.answer = lambda call: (201, {"id": 12})
    assert post(out(Gateway("g", "rapidpro", {"url": world.url}, "k")), NOW) == Answer(True, "12")
    assert world.calls[-1].json == {"urns": [f"tel:{TO}"], "text": TEXT}

    way = Gateway("g", "generic", {"url": world.url + "/send?x=1", "fields": {"to": "msisdn"}}, "")
    world.answer = lambda call: (200, b"OK")
    assert post(out(way), NOW) == Answer(True)
    assert (world.calls[-1].form["msisdn"], world.calls[-1].path) == (TO, "/send?x=1")


def test_webhook_is_signed_and_carries_cap(world, post) -> None:
    assert post(out(None, f"{world.url}/hook secret", Channel.WEBHOOK), NOW).sent
    call = world.calls[-1]
    said = f"{call.headers['x-tocsin-timestamp']}.".encode() + call.body
    assert call.headers["x-tocsin-signature"] == hmac.new(b"secret", said, hashlib.sha256).hexdigest()
    assert call.json["text"] == TEXT
    assert post(out(None, f"{world.url}/hook", Channel.WEBHOOK, document="<alert/>"), NOW).sent
    assert (world.calls[-1].body, world.calls[-1].headers["content-type"]) == (b"<alert/>", "application/cap+xml")
    world.answer = lambda call: (410, {})
    assert post(out(None, f"{world.url}/hook", Channel.WEBHOOK), NOW).opted_out


def test_email(mailbox, post) -> None:
    way = Gateway("m", "smtp", {"host": "127.0.0.1", "port": mailbox.port, "from": "ops@m.org", "plain": True}, "")
    mail = out(way, "base@m.org", Channel.EMAIL, subject="Warning\nBcc: all@world.org", document="<alert/>")
    assert post(mail, NOW).provider_id == "<tocsin-7@m.org>"
    (got,) = mailbox.mails
    assert got["Bcc"] is None
    assert got["Subject"] == "Warning Bcc: all@world.org"
    assert got.get_body().get_content().strip() == TEXT
    assert next(iter(got.iter_attachments())).get_content() == b"<alert/>"
    mailbox.refuse = "550 no such user"
    assert post(mail, NOW) == Answer(False, problem="smtp_550", permanent=True)
    way = Gateway("m", "smtp", {"host": "127.0.0.1", "port": mailbox.port, "from": "ops@m.org"}, "")
    assert not post(out(way, "base@m.org", Channel.EMAIL), NOW).sent  # never in the clear unless settled so


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "fc00::1",
    "::ffff:10.0.0.1", "2002:7f00:1::", "224.0.0.1", "100.64.0.1", "240.0.0.1",
])  # fmt: skip
def test_private_addresses_are_refused_unless_named(address) -> None:
    assert not allowed(address, [])
    with pytest.raises(Forbidden):
        pin("https://innocent.example/hook", [], lambda host, port: ["93.184.216.34", address])


def test_the_address_that_was_checked_is_the_one_called(world) -> None:
    """A name that answers otherwise the second time (DNS rebinding) changes nothing."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    post = Post(("127.0.0.0/8",), resolve)
    port = world.url.rsplit(":", 1)[1]
    assert post(out(None, f"http://name.example:{port}/h", Channel.WEBHOOK), NOW).sent
    assert asked == ["name.example"]
    assert world.calls[-1].headers["host"] == f"name.example:{port}"
    post.close()


def test_redirects_private_names_plain_http_and_odd_schemes_go_nowhere(world, post) -> None:
    world.answer = lambda call: (302, {})
    assert post(out(None, f"{world.url}/h", Channel.WEBHOOK), NOW) == Answer(False, problem="http_302", permanent=True)
    closed = Post(())
    refused = Answer(False, problem="address_not_allowed", permanent=True)
    assert closed(out(None, f"{world.url}/h", Channel.WEBHOOK), NOW) == refused
    assert len(world.calls) == 1
    closed.close()
    for url in ("file:///etc/passwd", "gopher://x/", "https://user:pw@example.org/", "https://"):
        with pytest.raises(BadInput):
            pin(url, [])
    with pytest.raises(Forbidden):
        pin("http://example.org/", [], lambda h, p: ["93.184.216.34"])


def test_a_gateway_that_floods_or_lies_does_no_harm(world, post) -> None:
    world.answer = lambda call: (200, b"x" * 5_000_000)
    assert post(out(Gateway("g", "httpsms", {"url": world.url, "from": "+1"}, "k")), NOW) == Answer(True)
    world.answer = lambda call: (200, ["not", "an", "object"])
    for provider in ("twilio", "africastalking", "infobip", "smsgateway", "rapidpro"):
        way = Gateway("g", provider, {"url": world.url, "account": "a", "from": "f"}, "k")
        assert isinstance(post(out(way), NOW), Answer)


@pytest.mark.parametrize(("provider", "body", "receipt"), [
    ("twilio", b"MessageSid=SM1&MessageStatus=delivered", Receipt("SM1", True)),
    ("twilio", b"MessageSid=SM1&MessageStatus=failed&ErrorCode=21610",
     Receipt("SM1", False, True, "twilio_21610", True)),
    ("africastalking", b"id=AT1&status=Success", Receipt("AT1", True)),
    ("africastalking", b"id=AT1&status=Rejected&failureReason=UserInBlacklist",
     Receipt("AT1", False, True, "at_rejected", True)),
    ("httpsms", json.dumps({"type": "message.send.failed", "data": {"message_id": "H"}}).encode(),
     Receipt("H", False, True, "httpsms_failed")),
    ("smsgateway", json.dumps({"event": "sms:delivered", "payload": {"messageId": "m"}}).encode(), Receipt("m", True)),
    ("infobip", json.dumps({"results": [{"messageId": "i", "status": {"groupName": "DELIVERED"}}]}).encode(),
     Receipt("i", True)),
])  # fmt: skip
def test_receipts(provider, body, receipt) -> None:
    assert read_receipts(provider, body) == (receipt,)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b"a=b", b'{"results": 3}', b"[" * 100_000])
@pytest.mark.parametrize("provider", ["twilio", "africastalking", "httpsms", "smsgateway", "infobip", "generic"])
def test_what_is_no_receipt_is_refused_in_words(provider, body) -> None:
    found = ()
    with contextlib.suppress(BadInput):
        found = read_receipts(provider, body)
    assert found == ()
