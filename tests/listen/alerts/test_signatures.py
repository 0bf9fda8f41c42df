import base64
import dataclasses
import datetime as dt
import hmac
import json

import pytest

from tocsin.core.errors import BadInput, Forbidden
from tocsin.listen.alerts.formats import signatures
from tocsin.listen.alerts.model import Delivery

NOW = dt.datetime(2026, 3, 1, 5, 10, tzinfo=dt.UTC)


def test_twilios_own_example() -> None:
    # from Twilio's documentation of request validation
    body = b"CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    good = Delivery(body, NOW, {"X-Twilio-Signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}, url=url)
    signatures.check_twilio(good, ["new", "12345"])
    signatures.check_twilio(dataclasses.replace(good, url=url.replace(".com", ".com:443")), ["12345"])
    for bad in (
        dataclasses.replace(good, body=body.replace(b"1234&From", b"1235&From")),
        dataclasses.replace(good, url=url + "3"),
        dataclasses.replace(good, headers={}),
        dataclasses.replace(good, headers={"X-Twilio-Signature": "é"}),
    ):
        with pytest.raises(Forbidden):
            signatures.check_twilio(bad, ["12345"])
    with pytest.raises(BadInput):
        signatures.check_twilio(good, [""])


def _gateway(age_s: float, stamp: str | None = None) -> Delivery:
    stamp = stamp or str(int(NOW.timestamp() - age_s))
    signed = hmac.digest(b"key", b"{}" + stamp.encode(), "sha256").hex()
    return Delivery(b"{}", NOW, {"x-signature": signed.upper(), "x-timestamp": stamp})


def test_sms_gateway_window() -> None:
    for age in (0, 299, -299):
        signatures.check_sms_gateway(_gateway(age), ["key"])
    for delivery in (_gateway(301), _gateway(-301), _gateway(0, "²"), _gateway(0, "1e9"), Delivery(b"{}", NOW)):
        with pytest.raises(Forbidden):
            signatures.check_sms_gateway(delivery, ["key"])
    with pytest.raises(Forbidden):
        signatures.check_sms_gateway(dataclasses.replace(_gateway(0), body=b"{} "), ["key"])


def _coded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _token(header: dict[str, object], claims: dict[str, object], key: bytes = b"key", how: str = "sha256") -> Delivery:
    head = f"{_coded(header)}.{_coded(claims)}"
    signed = base64.urlsafe_b64encode(hmac.digest(key, head.encode(), how)).rstrip(b"=").decode()
    return Delivery(b"{}", NOW, {"authorization": f"Bearer {head}.{signed}"})


HS256 = {"alg": "HS256", "typ": "JWT"}
CLAIMS = {"aud": "https://us", "exp": NOW.timestamp() + 600, "nbf": NOW.timestamp() - 600, "iss": "api.httpsms.com"}


def test_httpsms_token() -> None:
    signatures.check_httpsms(_token(HS256, CLAIMS), ["old", "key"])
    signatures.check_httpsms(_token(HS256, CLAIMS), ["key"], audience="https://us")


@pytest.mark.parametrize(
    "delivery",
    [
        _token({"alg": "none"}, CLAIMS),
        _token({"alg": "hs256"}, CLAIMS),
        _token({"alg": "HS512"}, CLAIMS, how="sha512"),
        _token({"alg": "RS256"}, CLAIMS),
        _token({"alg": ["HS256"]}, CLAIMS),
        _token({**HS256, "crit": ["x"]}, CLAIMS),
        _token(HS256, CLAIMS, key=b"other"),
        _token(HS256, {**CLAIMS, "exp": NOW.timestamp() - 61}),
        _token(HS256, {**CLAIMS, "nbf": NOW.timestamp() + 61}),
        _token(HS256, {k: v for k, v in CLAIMS.items() if k != "exp"}),
        _token(HS256, {**CLAIMS, "exp": True}),
        _token(HS256, {**CLAIMS, "exp": "9999999999"}),
        Delivery(b"{}", NOW, {"authorization": "Bearer a.b"}),
        Delivery(b"{}", NOW, {"authorization": f"Bearer {_coded({'alg': 'none'})}.{_coded(CLAIMS)}."}),
        Delivery(b"{}", NOW, {"authorization": "Bearer é.é.é"}),
        Delivery(b"{}", NOW),
    ],
)
def test_httpsms_refuses(delivery: Delivery) -> None:
    with pytest.raises(Forbidden):
        signatures.check_httpsms(delivery, ["key"])


def test_httpsms_refuses_another_audience() -> None:
    with pytest.raises(Forbidden):
        signatures.check_httpsms(_token(HS256, CLAIMS), ["key"], audience="https://them")


def test_shared_secrets_and_basic() -> None:
    signatures.check_secret("smssync", "b", ["a", "b"])
    for given in ("", "c", "\ud800"):
        with pytest.raises(Forbidden):
            signatures.check_secret("smssync", given, ["a", "b"])
    header = {"Authorization": "Basic " + base64.b64encode(b"kobo:pw").decode()}
    signatures.check_basic("kobo", Delivery(b"", NOW, header), "kobo", ["pw"])
    for value in ("Basic !!!", "", "Bearer x", "Basic " + base64.b64encode(b"kobo:pv").decode()):
        with pytest.raises(Forbidden):
            signatures.check_basic("kobo", Delivery(b"", NOW, {"Authorization": value}), "kobo", ["pw"])


def test_addresses() -> None:
    for address in ("10.0.0.7", "::ffff:10.0.0.7"):
        signatures.check_address("africastalking", address, ["10.0.0.0/24"])
    for address in ("10.0.1.7", "", "10.0.0.7, 1.1.1.1", "::1"):
        with pytest.raises(Forbidden):
            signatures.check_address("africastalking", address, ["10.0.0.0/24"])
    with pytest.raises(BadInput):
        signatures.check_address("africastalking", "10.0.0.7", ["everywhere"])
