"""Several values in one task or result (C5). Pure."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional, Union

from .graph import decode_graph
from .values import TYPESCRIPT_BYTES, Encoded, encode

_LETTERS = {"text": "t", "json": "j", "bytes": "b", "pickle": "p"}


@dataclass(frozen=True)
class Part:
    """An encoded value of a chunk, or with ``is_failure`` the failure in its place."""

    encoded: Encoded
    is_failure: bool = False


@dataclass(frozen=True)
class Answer:
    """The decoded value of a part, or why it has none: ``failure`` is as in C6."""

    value: Any = None
    failure: Optional[dict[str, Any]] = None


class Chunk:
    """The values of a chunk, decoded on demand, so that one that cannot be decoded fails alone.

    :raises ValueError: if the bytes are not a chunk
    """

    def __init__(self, data: bytes) -> None:
        self._parts = list(_parts_of(data))

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Answer]:
        for letter, is_failure, data in self._parts:
            try:
                value = _decode(letter, data)
            except Exception as error:
                why = f"its {len(data)} bytes cannot be decoded: {error}"
                yield Answer(failure={"code": "unreadable", "message": why, "stack": why})
                continue
            yield Answer(failure=value) if is_failure else Answer(value)


def encode_chunk(parts: list[Part]) -> Encoded:
    """The parts as one value."""
    pieces: list[Union[bytes, bytearray, memoryview]] = []
    for part in parts:
        encoded = part.encoded
        mark = "!" if part.is_failure else ""
        pieces.append(f"{mark}{_LETTERS[encoded.type]}{len(encoded.data)}\n".encode("ascii"))
        pieces.append(encoded.data)
    return Encoded(TYPESCRIPT_BYTES, b"".join(pieces), "chunk")


def part_of(value: Any, name: str) -> Part:
    """:raises UnsendableError: if it cannot be sent"""
    return Part(encode(value, name))


def _parts_of(data: bytes) -> Iterator[tuple[str, bool, bytes]]:
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        head = data[at:end].decode("latin-1") if end >= 0 else ""
        is_failure = head.startswith("!")
        letter, digits = head[is_failure : is_failure + 1], head[is_failure + 1 :]
        if letter not in "tjbugp" or not digits.isdigit() or end + 1 + int(digits) > len(data):
            raise ValueError("the bytes are not a chunk")
        start = end + 1
        at = start + int(digits)
        yield letter, is_failure, data[start:at]


def _decode(letter: str, data: bytes) -> Any:
    if letter == "t":
        return data.decode("utf-8")
    if letter == "j":
        return json.loads(data.decode("utf-8"))
    if letter == "g":
        return decode_graph(data)
    if letter == "p":
        return pickle.loads(data)
    return data
