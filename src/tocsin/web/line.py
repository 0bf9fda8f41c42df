"""Looking at the line from outside: what the https proxy in front of the door speaks, and whether it passes things on.

The proxy is the installer's; here it is asked as a browser, and as somebody with bad intentions, would ask it.
"""

import datetime as dt
import socket
import ssl
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.core.errors import BadInput

WAIT_S = 10.0
LEAST_DAYS = 14
MOST_BYTES = 65_536
# Suites without forward secrecy, or with a block cipher and a separate sum (RFC 7525, RFC 9325).
WEAK = "kRSA:SHA1:SHA256:SHA384:!aNULL:!eNULL:@SECLEVEL=0"
Version = ssl.TLSVersion


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `good` is None if this machine cannot ask."""

    what: str
    good: bool | None
    told: str


def look_at(url: str, now: dt.datetime, ca: Path | None = None, plain_port: int = 80) -> list[Finding]:
    """What a door at a public address does.

    Parameters
    ----------
    url : str
        ``https://tocsin.example.org``, with a port if it is not 443.
    ca : Path, optional
        Certificates to trust beside those of this machine, for an authority of one's own.
    plain_port : int
        Where plain http would be.

    Raises
    ------
    BadInput
        If the address is none, or nobody answers there.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    if parts.scheme != "https" or not host:
        raise BadInput("give the address as people do: https://tocsin.example.org")
    try:
        socket.create_connection((host, port), WAIT_S).close()
    except OSError as problem:
        raise BadInput("nobody answers at {host}:{port} ({why})", host=host, port=port, why=problem) from problem
    trusting = ssl.create_default_context()
    if ca is not None:
        trusting.load_verify_locations(ca)
    found = [_certificate(host, port, trusting, now)]
    found += [_refused(host, port, name, lambda v=v: _context(v, v)) for name, v in _old()]  # type: ignore[misc]
    found.append(
        _refused(host, port, "weak suites of TLS 1.2", lambda: _context(Version.TLSv1_2, Version.TLSv1_2, WEAK))
    )
    found += _passed_on(host, port, trusting if found[0].good else _context(Version.TLSv1_2, Version.TLSv1_3))
    found.append(_plain(host, plain_port))
    return found


def _old() -> list[tuple[str, ssl.TLSVersion]]:
    return [("TLS 1.0", Version.TLSv1), ("TLS 1.1", Version.TLSv1_1)]


def _context(first: ssl.TLSVersion, last: ssl.TLSVersion, suites: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """A client that trusts anybody and speaks only this: to look, and to send nothing."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version, made.maximum_version = first, last
    made.set_ciphers(suites)
    return made


def _certificate(host: str, port: int, trusting: ssl.SSLContext, now: dt.datetime) -> Finding:
    what = "certificate that browsers trust"
    try:
        with (
            socket.create_connection((host, port), WAIT_S) as plain,
            trusting.wrap_socket(plain, server_hostname=host) as line,
        ):
            until = ssl.cert_time_to_seconds(str((line.getpeercert() or {})["notAfter"]))
            spoken = f"{line.version()}, {(line.cipher() or ('?',))[0]}"
    except ssl.SSLCertVerificationError as problem:
        return Finding(what, False, problem.verify_message)
    except (OSError, KeyError) as problem:
        return Finding(what, False, str(problem))
    days = int((until - now.timestamp()) // 86_400)
    return Finding(what, days >= LEAST_DAYS, f"{days} days left; {spoken}")


def _refused(host: str, port: int, what: str, made: Callable[[], ssl.SSLContext]) -> Finding:
    """Whether the other side declines to speak what it should not."""
    try:
        context = made()
    except (ssl.SSLError, ValueError):
        return Finding(f"{what} refused", None, "this machine cannot ask")
    try:
        with (
            socket.create_connection((host, port), WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as line,
        ):
            return Finding(f"{what} refused", False, f"taken, with {(line.cipher() or ('?',))[0]}")
    except ssl.SSLError as problem:
        if problem.reason in ("NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"):
            return Finding(f"{what} refused", None, "this machine cannot ask")
        return Finding(f"{what} refused", True, "refused")
    except OSError:
        return Finding(f"{what} refused", True, "refused")


def _passed_on(host: str, port: int, context: ssl.SSLContext) -> list[Finding]:
    """Whether our door stands behind it, and knows that it is asked over https and from elsewhere."""
    findings = []
    for path, what, wanted in (
        ("/health", "the door answers, and says https for a year", 200),
        ("/metrics", "metrics are not for strangers", 403),
    ):
        try:
            with (
                socket.create_connection((host, port), WAIT_S) as plain,
                context.wrap_socket(plain, server_hostname=host) as line,
            ):
                status, head = _ask(line, host, path)
        except OSError as problem:
            findings.append(Finding(what, False, str(problem)))
            continue
        good = status == wanted and (path != "/health" or "strict-transport-security: max-age=" in head)
        findings.append(Finding(what, good, f"{status}" if good or status != wanted else "without that header"))
    return findings


def _plain(host: str, port: int) -> Finding:
    what = "nothing is shown over plain http"
    try:
        with socket.create_connection((host, port), WAIT_S) as line:
            status, head = _ask(line, host, "/health")
    except OSError:
        return Finding(what, True, f"nobody answers on port {port}")
    moved = 300 <= status < 400 and "location: https://" in head
    return Finding(what, moved or status >= 400, f"{status}")


def _ask(line: socket.socket, host: str, path: str) -> tuple[int, str]:
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    parts, size = [], 0
    while size < MOST_BYTES and (part := line.recv(4096)):
        parts.append(part)
        size += len(part)
    head = b"".join(parts).partition(b"\r\n\r\n")[0].decode("latin-1").lower()
    status = head.split(" ", 2)[1] if head.startswith("http/") and " " in head else "0"
    return (int(status) if status.isascii() and status.isdecimal() else 0), head
