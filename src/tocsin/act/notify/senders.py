"""Sending one message: SMS through a gateway's HTTP interface, e-mail through SMTP, or a signed webhook.

The only part of the program that opens a connection to somebody else. Whatever goes wrong comes back as an `Answer`
with a code; nothing that a provider says is kept, because it may repeat the number.
"""

import datetime as dt
import hashlib
import hmac
import json
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import httpx2

from tocsin.act.notify.formats import gateways
from tocsin.act.notify.formats.gateways import Request
from tocsin.act.notify.guard import Resolve, check_host, look_up, pin
from tocsin.act.notify.model import Answer, Channel, Outgoing
from tocsin.core.errors import BadInput, Forbidden, TocsinError

TIMEOUT_S = 20.0
MOST_BYTES = 65_536
PRACTICE = {"en": "EXERCISE", "fr": "EXERCICE"}

Send = Callable[[Outgoing, dt.datetime], Answer]


class Post:
    """Sends messages one at a time; made once a worker.

    Parameters
    ----------
    networks : sequence of str
        Private networks we may send to (CIDR).
    resolve : callable
        Looks host names up; another one in tests.
    timeout_s : float
        For connecting and for each read.
    hosts : sequence of str
        The only hosts we may send to, by name; none means any.
    """

    def __init__(
        self,
        networks: Sequence[str] = (),
        resolve: Resolve = look_up,
        timeout_s: float = TIMEOUT_S,
        hosts: Sequence[str] = (),
    ) -> None:
        self._hosts = frozenset(hosts)
        self._networks, self._resolve, self._timeout = tuple(networks), resolve, timeout_s
        # No proxy of the environment, no redirect: a message goes where it was addressed or nowhere.
        self._client = httpx2.Client(trust_env=False, follow_redirects=False, timeout=timeout_s)

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def __call__(self, out: Outgoing, now: dt.datetime) -> Answer:
        """Send one message; never raises for what a person or provider did wrong."""
        try:
            if out.channel is Channel.WEBHOOK:
                return self._webhook(out, now)
            if out.gateway is None:
                return Answer(False, problem="no_gateway")
            if out.channel is Channel.EMAIL:
                return self._email(out, now)
            write = gateways.SMS[out.gateway.provider][0]
            status, body = self._http(write(out.gateway, out.address, out.body, f"tocsin-{out.id}"))
            return gateways.judge(out.gateway.provider, status, body)
        except Forbidden:
            return Answer(False, problem="address_not_allowed", permanent=True)
        except BadInput:
            return Answer(False, problem="bad_settings", permanent=True)
        except TocsinError as problem:
            return Answer(False, problem=problem.code)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, smtplib.SMTPException, ssl.SSLError) as problem:
            return _smtp_answer(problem)

    def _http(self, request: Request) -> tuple[int, bytes]:
        to = pin(request.url, self._networks, self._resolve, self._hosts)
        made = self._client.build_request(
            request.method, to.url, headers={**request.headers, "Host": to.header}, content=request.body,
            extensions={"sni_hostname": to.host},
        )  # fmt: skip
        answer = self._client.send(made, stream=True)
        try:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    break
        finally:
            answer.close()
        return answer.status_code, body[:MOST_BYTES]

    def _webhook(self, out: Outgoing, now: dt.datetime) -> Answer:
        """JSON, or CAP as XML, signed: hex HMAC-SHA256 of time, a full stop and the body, with the contact's secret."""
        time = str(int(now.timestamp()))
        url, _, secret = out.address.partition(" ")
        if out.document:
            body, kind = out.document.encode(), "application/cap+xml"
        else:
            told = {"id": f"tocsin-{out.id}", "practice": out.practice, "subject": out.subject, "text": out.body}
            body, kind = json.dumps(told, ensure_ascii=False).encode(), "application/json"
        headers = {"Content-Type": kind, "X-Tocsin-Id": f"tocsin-{out.id}", "X-Tocsin-Timestamp": time}
        if secret:
            sign = hmac.new(secret.encode(), f"{time}.".encode() + body, hashlib.sha256).hexdigest()
            headers["X-Tocsin-Signature"] = sign
        status, _reply = self._http(Request("POST", url, headers, body))
        if 200 <= status < 300:
            return Answer(True)
        passing = status in (408, 425, 429) or status >= 500
        return Answer(False, problem=f"http_{status}", permanent=not passing, opted_out=status == 410)

    def _email(self, out: Outgoing, now: dt.datetime) -> Answer:
        gateway = out.gateway
        assert gateway is not None  # noqa: S101 - checked by the caller
        settings: dict[str, Any] = dict(gateway.settings)
        host, port = str(settings.get("host") or ""), int(settings.get("port") or 587)
        sender = str(settings.get("from") or "")
        if not host or not sender:
            raise BadInput("gateway {id} needs host and from", id=gateway.id)
        address = check_host(host, port, self._networks, self._resolve, self._hosts)
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, out.address, " ".join(out.subject.split()) or "Tocsin"
        mail["Date"], mail["Message-ID"] = format_datetime(now), f"<tocsin-{out.id}@{sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(out.body)
        if out.document:
            mail.add_attachment(
                out.document.encode(), maintype="application", subtype="cap+xml", filename="warning.cap"
            )
        with _Smtp(address, port, host, self._timeout) as server:
            if not settings.get("plain"):
                server.starttls(context=ssl.create_default_context())
            if gateway.secret and settings.get("user"):
                server.login(str(settings["user"]), gateway.secret)
            server.send_message(mail)
        return Answer(True, provider_id=str(mail["Message-ID"])[:200])


class _Smtp(smtplib.SMTP):
    """SMTP to an address that was checked, with the host's name for TLS and no name of this machine."""

    def __init__(self, address: str, port: int, name: str, timeout_s: float) -> None:
        self._address = address
        super().__init__(name, port, local_hostname="tocsin", timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


def _smtp_answer(problem: BaseException) -> Answer:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in problem.recipients.values()]
        return Answer(False, problem=f"smtp_{codes[0]}", permanent=all(code >= 500 for code in codes))
    if isinstance(problem, smtplib.SMTPResponseException):
        bad = problem.smtp_code >= 500 and not isinstance(problem, smtplib.SMTPAuthenticationError)
        return Answer(False, problem=f"smtp_{problem.smtp_code}", permanent=bad)
    return Answer(False, problem="no_connection")
