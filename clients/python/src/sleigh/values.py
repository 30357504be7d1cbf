"""The forms of values (C1, C2, C3, C7). Pure."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Optional, Union

from .errors import UnsendableError
from .graph import decode_graph
from .names import Key

TEXT_DESCRIPTOR: Final = 1
# Maker 11 (the TypeScript client), not serialized, raw; and its graphs (C2).
TYPESCRIPT_BYTES: Final = 0x0B000003
GRAPH_DESCRIPTOR: Final = 0x0B00000B
# Maker 1 (Python), raw; and a pickle (C7).
BYTES_DESCRIPTOR: Final = 0x01000003
PICKLE_DESCRIPTOR: Final = 0x01000000

_NOT_SERIALIZED: Final = 1
_RAW: Final = 2
_MAKER: Final = 0xFF000000
# JSON numbers beyond this are not exact in every language.
_LARGEST_INTEGER: Final = 2**53
# Deeper values are pickled.
_JSON_DEPTH: Final = 200


@dataclass(frozen=True)
class Encoded:
    """An encoded value. ``type`` is ``text``, ``json``, ``bytes``, ``pickle`` or ``chunk``."""

    descriptor: int
    data: Union[bytes, bytearray, memoryview]
    type: str


@dataclass(frozen=True)
class ForeignValue:
    """A value that this client cannot decode, with its bytes (C3)."""

    descriptor: int
    data: bytes
    why: Optional[str] = None
    """Why it cannot be decoded, if it has a form that this client knows."""


def encode(value: Any, name: str = "value") -> Encoded:
    """Encodes a value: text, JSON and bytes where possible, which programs in other languages can read.

    :param name: the name of the value in errors
    :raises UnsendableError: if it cannot be pickled
    """
    kind = type(value)
    if kind is str:
        try:
            return Encoded(TEXT_DESCRIPTOR, value.encode("utf-8"), "text")
        except UnicodeEncodeError:
            pass  # A lone surrogate has no UTF-8. JSON can escape it.
    elif kind in (bytes, bytearray, memoryview):
        return Encoded(BYTES_DESCRIPTOR, value.cast("B") if kind is memoryview else value, "bytes")
    if _survives_json(value, set(), _JSON_DEPTH):
        return Encoded(TEXT_DESCRIPTOR, _json_bytes(value), "json")
    return Encoded(PICKLE_DESCRIPTOR, pickled(value, name), "pickle")


def pickled(value: Any, name: str) -> bytes:
    """A pickle of protocol 5. Functions that cannot be imported need the package cloudpickle.

    :raises UnsendableError: if it cannot be pickled
    """
    try:
        return pickle.dumps(value, 5)
    except Exception as error:
        try:
            import cloudpickle  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            hint = " Functions and classes that cannot be imported need the package cloudpickle."
            raise UnsendableError(f"`{name}` cannot be sent: {error}.{hint}") from error
        try:
            return bytes(cloudpickle.dumps(value, 5))
        except Exception as worse:
            raise UnsendableError(f"`{name}` cannot be sent: {worse}.") from worse


def decode(descriptor: int, data: bytes, metadata: Mapping[str, str] = {}, *, pickles: bool = True) -> Any:
    """Decodes a value. It never raises, because a value that was taken must not be lost.

    :param pickles: whether pickles are decoded
    :returns: the value; text of any client as str, raw bytes of any client as bytes; anything else as
        ForeignValue
    """
    kind = metadata.get(Key.TYPE)
    try:
        if descriptor == GRAPH_DESCRIPTOR:
            return decode_graph(data)
        if descriptor & _NOT_SERIALIZED and descriptor & _RAW:
            return _decode_raw(data, kind)
        if descriptor & _NOT_SERIALIZED:
            return _decode_text(descriptor, data, kind)
        if descriptor & _MAKER == PICKLE_DESCRIPTOR & _MAKER and pickles:
            return pickle.loads(data)
        return ForeignValue(descriptor, data)
    except Exception as error:
        return ForeignValue(descriptor, data, f"its {len(data)} bytes cannot be decoded: {error}")


def _decode_raw(data: bytes, kind: Optional[str]) -> Any:
    if kind != "chunk":
        return data
    from .chunk import Chunk

    return Chunk(data)


def _decode_text(descriptor: int, data: bytes, kind: Optional[str]) -> Any:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if kind == "json" and descriptor == TEXT_DESCRIPTOR:
        try:
            return json.loads(text)
        except ValueError:
            return text  # A result may carry the `type` of its task.
    return text


def _json_bytes(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def _survives_json(value: Any, seen: set[int], depth: int) -> bool:
    """Whether JSON gives back the same value: no tuple, subclass, NaN or large integer, and no object twice."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST_INTEGER <= value <= _LARGEST_INTEGER)
    if kind is float:
        # The difference is NaN for infinities and NaN. The negative zero is not the same in every language.
        return bool(value - value == 0 and (value != 0 or str(value) == "0.0"))
    if kind not in (list, dict) or depth == 0 or id(value) in seen:
        return False
    seen.add(id(value))
    if kind is list:
        return all(_survives_json(each, seen, depth - 1) for each in value)
    return all(type(key) is str and _survives_json(each, seen, depth - 1) for key, each in value.items())
