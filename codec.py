"""Encrypts what Temporal keeps: arguments, results, memos, summaries and failures, under keys of the deployment's own.

Ids stay readable, since Temporal itself needs them: workflow ids, search attributes, names of types. They tell nobody's
address or name. What was written before encryption was on stays readable as well.
"""

import base64
import binascii
import os
import re
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from domain.errors import ConfigurationError, UnreadablePayloadError

ENCODING: Final = b"binary/encrypted"
"""Frozen, like the names of metadata below: histories hold them."""

_KEY_ID: Final = "encryption-key-id"
_CIPHER: Final = "encryption-cipher"
_AES_256_GCM: Final = b"AES-256-GCM"

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
"""Random for each payload. NIST SP 800-38D (8.3) allows 2^32 payloads under one key so."""

_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")

_HINT: Final = 'each as ID:BASE64 of 32 bytes, by comma; make one with: echo "k1:$(openssl rand -base64 32)"'


class EncryptionCodec(PayloadCodec):
    """AES-256-GCM with several keys: the first encrypts, each decrypts what it encrypted.

    Args:
        keys: as `SEGUE_PAYLOAD_KEYS` has them, `ID:BASE64` by comma.

    Raises:
        ConfigurationError: they are not so. No key stands in the message.
    """

    def __init__(self, keys: SecretStr) -> None:
        self._ciphers = _read(keys.get_secret_value())
        self._first = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"EncryptionCodec({', '.join(self._ciphers)})"

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload as a whole, with the metadata that tells its type."""
        return [self.encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what is encrypted, and pass on what is not.

        Raises:
            UnreadablePayloadError: its key is not among ours, or somebody changed it.
        """
        return [self.decrypt(payload) for payload in payloads]

    def decrypt(self, payload: Payload) -> Payload:
        """One payload; see `decode`."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata[_KEY_ID].decode(errors="replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnreadablePayloadError(
                f"a payload is encrypted under the key {key_id[:64]!r}, which SEGUE_PAYLOAD_KEYS does not have: put it "
                "back, after the one that encrypts now"
            )
        nonce, sealed = payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, _bound_to(key_id)))
        except (InvalidTag, ValueError):
            raise UnreadablePayloadError(
                f"a payload does not open with the key {key_id[:64]!r}: somebody changed it, or another key had that id"
            ) from None

    def encrypt(self, payload: Payload) -> Payload:
        """One payload, under the first key."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, payload.SerializeToString(), _bound_to(self._first))
        metadata = {"encoding": ENCODING, _CIPHER: _AES_256_GCM, _KEY_ID: self._first.encode()}
        return Payload(metadata=metadata, data=nonce + sealed)


def _bound_to(key_id: str) -> bytes:
    return ENCODING + b" " + key_id.encode()


def _read(text: str) -> dict[str, AESGCM]:
    ciphers: dict[str, AESGCM] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        key_id, _, encoded = part.partition(":")
        if not _ID.fullmatch(key_id) or key_id in ciphers:
            raise ConfigurationError(f"SEGUE_PAYLOAD_KEYS: ids are letters and digits, each given once: {_HINT}")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != _KEY_BYTES:
            raise ConfigurationError(f"SEGUE_PAYLOAD_KEYS: the key {key_id!r} is not 32 bytes in Base64: {_HINT}")
        ciphers[key_id] = AESGCM(key)
    if not ciphers:
        raise ConfigurationError(f"SEGUE_PAYLOAD_KEYS: holds no key: {_HINT}")
    return ciphers
