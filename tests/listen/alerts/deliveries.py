"""Payloads as gateways send them; the senders are canaries that must not leave the field made for them."""

import datetime as dt
import json

from tocsin.listen.alerts.model import Delivery

NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)
CANARY = "+23670011223"
NAME = "Zacharie Canari"
URL_PHONE = "%2B23670011223"

OPENROSA = f"""<?xml version="1.0"?>
<alert id="alert" version="3" xmlns="http://opendatakit.org/submissions"><start>2026-03-01T05:00:00.000+01:00</start>
<deviceid>dev-1</deviceid><phonenumber>{CANARY}</phonenumber><informant>{NAME}</informant>
<what><kind>attack</kind><text>attaque à Ippy</text></what>
<points><point>6.267930 21.224680 410 5</point></points><points><point>-1.5 3.25 0 0</point></points>
<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:340f7fe7</orx:instanceID>
<orx:deprecatedID>uuid:111</orx:deprecatedID></orx:meta><end>2026-03-01T06:05:00.000+01:00</end></alert>"""

CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>2.49.0.1</identifier>
<sender>cap@ec.gc.ca</sender>
<sent>2026-03-01T04:21:04-00:00</sent><status>Actual</status><msgType>Update</msgType><scope>Public</scope>
<references>cap@ec.gc.ca,2.49.0.0,2026-03-01T01:45:05-00:00</references><info><language>en-CA</language>
<category>Security</category><event>armed group moving</event><urgency>Expected</urgency><severity>Severe</severity>
<certainty>Likely</certainty><area><areaDesc>Ippy</areaDesc><polygon>6,21 6,22 7,22 7,21 6,21</polygon></area></info>
</alert>"""

JSON = {"Content-Type": "application/json"}


def _json(body: object, **headers: str) -> Delivery:
    return Delivery(json.dumps(body).encode(), NOW, JSON | headers)


DELIVERIES: dict[str, Delivery] = {
    "twilio": Delivery(
        f"NumMedia=1&MediaUrl0=https%3A%2F%2Fx%2Fa&MediaContentType0=image%2Fjpeg&SmsStatus=received&Body=attaque+%C3%A0"
        f"+Ippy&MessageSid=SMe2&From={URL_PHONE}&ProfileName=Zacharie+Canari&WaId=23670011223".encode(),
        NOW,
    ),
    "africastalking": Delivery(
        f"linkId=1&text=attaque+a+Ippy&to=21512&id=ec9adc86&date=2026-03-01+05%3A04%3A45&from={URL_PHONE}".encode(), NOW
    ),
    "smssync": Delivery(
        f"from={URL_PHONE}&message=attaque&message_id=7&sent_to=1&secret=s&device_id=d1"
        "&sent_timestamp=1772341500000".encode(),
        NOW,
    ),
    "httpsms": _json(
        {
            "id": "e1",
            "time": "2026-03-01T05:09:00Z",
            "data": {
                "message_id": "m1",
                "owner": "+1",
                "contact": CANARY,
                "content": "attaque",
                "timestamp": "2026-03-01T05:08:00.123Z",
            },
        },
        **{"x-event-type": "message.phone.received"},
    ),
    "smsgateway": _json(
        {
            "deviceId": "f",
            "event": "sms:received",
            "id": "Ey6",
            "payload": {
                "messageId": "abc",
                "message": "attaque",
                "phoneNumber": CANARY,
                "simNumber": None,
                "receivedAt": "2026-03-01T12:09:11.000+07:00",
            },
            "webhookId": "w",
        }
    ),
    "infobip": _json(
        {
            "results": [
                {
                    "messageId": "i1",
                    "from": CANARY,
                    "text": "QUIZ attaque",
                    "cleanText": "attaque",
                    "receivedAt": "2026-03-01T04:28:39.220+0000",
                },
                {
                    "messageId": "i2",
                    "from": CANARY,
                    "message": [
                        {"contentType": "text/plain", "value": "deux"},
                        {"contentType": "image/jpeg", "url": "https://x/a"},
                    ],
                },
            ],
            "messageCount": 2,
        }
    ),
    "generic": Delivery(
        b"", NOW, query=f"sender={URL_PHONE}&text=attaque&date=2026-03-01T05%3A04%3A45.123456%2B00%3A00"
    ),
    "telegram": _json(
        {
            "update_id": 1,
            "message": {
                "message_id": 41,
                "from": {"id": 3527065, "first_name": NAME, "username": "canari"},
                "chat": {"id": 3527065, "type": "private", "first_name": NAME},
                "date": 1772341500,
                "text": "attaque",
            },
        }
    ),
    "rapidpro": _json(
        {
            "contact": {"uuid": "a41", "name": NAME, "urn": f"tel:{CANARY}"},
            "flow": {"uuid": "13", "name": "Alert"},
            "results": {"What": {"value": "attaque à Ippy", "category": "Has Text"}},
            "run": {"uuid": "r1", "created_on": "2026-03-01T05:00:00Z"},
        }
    ),
    "email": _json(
        {
            "Message-ID": "<a@b>",
            "from": f"{NAME} <{CANARY}@x.org>",
            "subject": "Ippy",
            "text": "attaque\n> old words\n",
            "date": "Sun, 01 Mar 2026 06:00:00 +0100",
        }
    ),
    "kobo": _json(
        {
            "_id": 123,
            "meta/instanceID": "uuid:new",
            "meta/rootUuid": "uuid:root",
            "_uuid": "new",
            "_geolocation": [12.1, 15.0],
            "_submission_time": "2026-03-01T03:04:05",
            "_submitted_by": NAME,
            "group1/phonenumber": CANARY,
            "group1/text": "attaque à Ippy",
            "_attachments": [],
        }
    ),
    "radio": _json(
        {"call_sign": CANARY, "text": "attaque", "time": "2026-03-01T05:00:00Z", "operator": NAME, "net": "HF"}
    ),
    "liaison": _json(
        {"assistant": NAME, "informant": CANARY, "text": "attaque", "how": "call_back", "answers_to": "m0", "id": "l1"}
    ),
    "openrosa": Delivery(OPENROSA.encode(), NOW),
    "cap": Delivery(CAP.encode(), NOW),
}
