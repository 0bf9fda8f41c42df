"""A proxy looked at from outside: one that holds, and one that speaks what it should not."""

import datetime as dt
import http.server
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.core.errors import BadInput, SetupProblem
from tocsin.web.line import look_at

NOW = dt.datetime.now(dt.UTC)


def certificate(folder: Path, days: int = 60) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key = rsa.generate_private_key(65537, 2048) if days < 30 else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "cert.pem", folder / "key.pem"


@contextmanager
def proxy(context: ssl.SSLContext, good: bool) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(403 if good and self.path == "/metrics" else 200)
            if good:
                self.send_header("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
            self.send_header("Content-Length", "0")
            self.end_headers()

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:  # refused handshakes
            pass

    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_proxy_that_holds(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM")
    context.load_cert_chain(cert, key)
    with proxy(context, good=True) as url:
        found = {one.what: one for one in look_at(url, NOW, cert, 1)}
        told = CliRunner().invoke(app, ["--json", "door", url, "--ca", str(cert)])
        strange = look_at(url, NOW, plain_port=1)
    assert all(one.good is not False for one in found.values()), found
    assert found["certificate that browsers trust"].told.startswith("59 days left; TLSv1.3")
    assert found["weak suites of TLS 1.2 refused"].good is True
    assert told.exit_code == 0
    assert strange[0].good is False, "nobody knows who signed it"


def test_a_proxy_that_speaks_what_it_should_not(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, days=5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(cert, key)
    with proxy(context, good=False) as url:
        found = {one.what: one.good for one in look_at(url, NOW, cert, 1)}
        told = CliRunner().invoke(app, ["door", url, "--ca", str(cert)])
    assert isinstance(told.exception, SetupProblem)
    assert found.pop("nothing is shown over plain http") is True
    assert found == {
        "certificate that browsers trust": False, "TLS 1.0 refused": False, "TLS 1.1 refused": False,
        "weak suites of TLS 1.2 refused": False, "the door answers, and says https for a year": False,
        "metrics are not for strangers": False,
    }  # fmt: skip


def test_what_is_no_address_of_a_door_is_said_so() -> None:
    for wrong in ("http://localhost", "tocsin.example.org", "https://127.0.0.1:1"):
        with pytest.raises(BadInput):
            look_at(wrong, NOW)
