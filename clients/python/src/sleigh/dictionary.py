"""Reads numbers and dictionaries (P4) from a server."""

from __future__ import annotations

from .errors import ConnectionLostError
from .stream import Stream


def read_dictionary(stream: Stream, encoding: str = "utf-8") -> dict[str, str]:
    """The next dictionary."""
    entries: dict[str, str] = {}
    for _ in range(number_in(stream, stream.read(4))):
        name, value = (
            stream.read(number_in(stream, stream.read(4))).decode(encoding, "surrogateescape")
            for _ in range(2)
        )
        entries[name] = value
    return entries


def number_in(stream: Stream, digits: bytes) -> int:
    """A number of the protocol.

    :raises ConnectionLostError: if it is none
    """
    try:
        return int(digits)
    except ValueError:
        why = f"{stream.server} sent {digits!r} in the place of a number"
        raise ConnectionLostError("not-nws", why) from None
