"""The bytes of requests and dictionaries (P4, P5). Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Union

Argument = Union[str, bytes, bytearray, memoryview]
Metadata = Mapping[str, str]

# The longest name or value of a dictionary, and the largest number of its pairs (P4).
MAX_ENTRY = 9_999

# Either side of the new handshake (P2).
GREETING = b"X000"
OFFER = b"P000"
CHOICE = b"R000"
ACCEPTED = b"A000"
# The old handshake that keeps the cookie in long replies, and its answer (P2.4).
OLD_GREETING = b"2222"
OLD_ANSWER = b"2223"

OPTION_TO_SERVER = "MetadataToServer"
OPTION_FROM_SERVER = "MetadataFromServer"
OPTION_TLS = "SSL"
OPTION_TOKEN = "Token"
OPTION_NONCE = "TokenNonce"
OPTION_DURABILITY = "Durability"
OPTION_WEB_PORT = "NwsWebPort"


def to_bytes(text: Argument) -> bytes | bytearray | memoryview:
    """Names and texts are UTF-8 on the wire. Bytes that were no UTF-8 when they came go back as they were."""
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def to_text(data: bytes) -> str:
    """The inverse of ``to_bytes``; loses nothing."""
    return data.decode("utf-8", "surrogateescape")


def encode_dictionary(entries: Metadata, encoding: str = "utf-8") -> bytes:
    """A dictionary (P4). What is longer than the form allows is cut off."""
    if not entries:
        return b"0000"
    parts = [b"%04d" % min(len(entries), MAX_ENTRY)]
    for name, value in list(entries.items())[:MAX_ENTRY]:
        for text in (name, value):
            data = text.encode(encoding, "surrogateescape")[:MAX_ENTRY]
            parts.append(b"%04d" % len(data))
            parts.append(data)
    return b"".join(parts)


def encode_request_head(arguments: Sequence[Argument], size_of_last: int | None = None) -> bytes:
    """A request (P5), or with ``size_of_last`` a request up to the bytes of one more argument of that size."""
    parts: list[bytes | bytearray | memoryview] = [
        b"%04d" % (len(arguments) + (0 if size_of_last is None else 1))
    ]
    for argument in arguments:
        data = to_bytes(argument)
        parts.append(b"%020d" % len(data))
        parts.append(data)
    if size_of_last is not None:
        parts.append(b"%020d" % size_of_last)
    return b"".join(parts)


def token_proof(token: str, nonce: str) -> str:
    """Proves that this client knows the token, without revealing it to who reads the traffic (P2.5)."""
    return hmac.new(token.encode("latin-1"), nonce.encode("latin-1"), hashlib.sha256).hexdigest()
