"""A device that holds passkeys, in software, and can lie about everything it says."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def read(word: str) -> bytes:
    return urlsafe_b64decode(word + "=" * (-len(word) % 4))


@dataclass
class Device:
    """One device with one key.

    Parameters
    ----------
    origin : str
        What its browser says the page is.
    counter : int
        Goes up by one at every use; None for a device that does not count.
    """

    origin: str = "http://localhost"
    counter: int | None = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    holder: str = ""

    def make(self, options: dict[str, Any], **lies: Any) -> str:
        """Answer to a request for a new passkey."""
        self.holder = options["user"]["id"]
        client = self._client("webauthn.create", options["challenge"], lies)
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        about = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._data(lies.get("rp", options["rp"]["id"]), lies.get("flags", PRESENT | VERIFIED) | ATTESTED) + about
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attested)})

    def use(self, options: dict[str, Any], **lies: Any) -> str:
        """Answer to a request to sign."""
        if self.counter is not None:
            self.counter += lies.get("steps", 1)
        client = self._client("webauthn.get", options["challenge"], lies)
        data = self._data(lies.get("rp", options["rpId"]), lies.get("flags", PRESENT | VERIFIED))
        key = lies.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        answer = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        holder = lies.get("holder", self.holder)
        return self._answer(answer | ({"userHandle": holder} if holder else {}))

    def _client(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind), "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin), "crossOrigin": False,
        }  # fmt: skip
        return json.dumps(said).encode()

    def _data(self, rp: str, flags: int) -> bytes:
        return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + (self.counter or 0).to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> str:
        whole = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "clientExtensionResults": {}}
        return json.dumps(whole | {"response": response})
