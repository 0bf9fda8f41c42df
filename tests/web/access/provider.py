"""A small OpenID Connect provider on this machine: discovery, keys, codes, PKCE, signed tokens."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class Provider:
    """What it will say next can be changed by a test."""

    def __init__(self, now: float) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.stranger = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        self.sign_with = self.key
        self.now, self.issuer = now, ""

    def authorize(self, url: str) -> str:
        """What the browser does there: sign in and be sent back with a code."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        code = f"code{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"] or form["client_secret"] != "s3cret":
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"]:
            return None
        claims = {
            "iss": self.issuer, "aud": asked["client_id"], "sub": "x", "iat": int(self.now), "exp": int(self.now) + 300,
            "nonce": asked["nonce"], "preferred_username": "somebody", **self.claims,
        }  # fmt: skip
        return {"id_token": jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.sign_with), "token_type": "Bearer"}


@contextmanager
def running(now: float) -> Iterator[Provider]:
    provider = Provider(now)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def say(self, body: Any, status: int = 200) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                base = provider.issuer
                self.say({"issuer": base, "authorization_endpoint": f"{base}/authorize",
                          "token_endpoint": f"{base}/token", "jwks_uri": f"{base}/keys"})  # fmt: skip
            else:
                self.say(KeySet([provider.key]).as_dict(private=False))

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = provider.token({k: v[0] for k, v in parse_qs(text).items()})
            self.say(found or {"error": "invalid_grant"}, 200 if found else 400)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
