"""Reads the graphs of the TypeScript client (C2), as far as they have a meaning in Python. Pure."""

from __future__ import annotations

import json
import math
import re
from array import array
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, Final, Optional

from .errors import RemoteError

_PRIMITIVES: Final = {
    "undefined": None,
    "NaN": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "-0": -0.0,
}
# The types of arrays, by their names in JavaScript. All others are bytes.
_TYPE_CODES: Final = {
    "Int8Array": "b",
    "Int16Array": "h",
    "Uint16Array": "H",
    "Int32Array": "i",
    "Uint32Array": "I",
    "BigInt64Array": "q",
    "BigUint64Array": "Q",
    "Float32Array": "f",
    "Float64Array": "d",
}
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


def decode_graph(data: bytes) -> Any:
    """Decodes a graph.

    ``undefined`` is None. A Map is a dict and a Set is a set; a list of pairs, or a list, if their parts are not
    hashable. A Date is a datetime in UTC, or None. A typed array is an ``array.array``, other buffers are bytes.
    An Error is a RemoteError. Shared parts stay shared, and cycles are possible.

    :raises ValueError: if the bytes are not a graph
    """
    head, newline, rest = data.partition(b"\n")
    if not newline or not head.isdigit() or int(head) > len(rest):
        raise ValueError("it is cut off")
    size = int(head)
    root, nodes, lengths = json.loads(rest[:size].decode("utf-8"))
    buffers = []
    at = size
    for length in lengths:
        buffers.append(rest[at : at + length])
        at += length
    if at != len(rest):
        raise ValueError(f"it has {len(rest)} bytes where it says {at}")
    return _Reader(nodes, buffers).value(root)


class _Reader:
    """Makes each node when a place refers to it first. Lists and dicts exist before their content."""

    def __init__(self, nodes: list[Any], buffers: list[bytes]) -> None:
        self._nodes = nodes
        self._buffers = buffers
        self._made: dict[int, Any] = {}
        # Not recursive, because the depth of nesting is not limited.
        self._fill: list[Callable[[], None]] = []
        self._is_filling = False

    def value(self, slot: Any) -> Any:
        """The value of a place, complete when the outermost call returns."""
        value = self._slot(slot)
        if not self._is_filling:
            self._is_filling = True
            while self._fill:
                self._fill.pop()()
            self._is_filling = False
        return value

    def _slot(self, slot: Any) -> Any:
        if not isinstance(slot, list):
            return slot
        first = slot[0]
        if isinstance(first, int):
            return self._node(first)
        if first == "bigint":
            return int(slot[1])
        if first in _PRIMITIVES:
            return _PRIMITIVES[first]
        raise ValueError(f"it has a value of an unknown kind, {first}")

    def _node(self, number: int) -> Any:
        if number not in self._made:
            self._made[number] = None
            self._made[number] = self._make(self._nodes[number])
        return self._made[number]

    def _make(self, node: Any) -> Any:
        if isinstance(node, dict):
            return self._dict([(key, slot) for key, slot in node.items()])
        kind = node[0]
        maker: Optional[Callable[..., Any]] = getattr(self, f"_make_{kind}", None)
        if maker is None:
            raise ValueError(f"it has a part of an unknown kind, {kind}")
        return maker(*node[1:])

    def _dict(self, items: list[tuple[Any, Any]]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self._fill.append(lambda: made.update((key, self._slot(slot)) for key, slot in items))
        return made

    def _make_Array(self, slots: list[Any]) -> list[Any]:
        made: list[Any] = []
        self._fill.append(lambda: made.extend(self._slot(slot) for slot in slots))
        return made

    def _make_SparseArray(self, length: int, fields: dict[str, Any]) -> Any:
        if any(not name.isdigit() for name in fields) or length > 1_000_000:
            return self._dict(list(fields.items()))
        made: list[Any] = [None] * length

        def fill() -> None:
            for name, slot in fields.items():
                made[int(name)] = self._slot(slot)

        self._fill.append(fill)
        return made

    def _make_Map(self, entries: list[Any]) -> Any:
        pairs = [(self._slot(entries[at]), entries[at + 1]) for at in range(0, len(entries), 2)]
        if all(_is_hashable(key) for key, _ in pairs):
            return self._dict(pairs)
        made: list[Any] = []
        self._fill.append(lambda: made.extend((key, self._slot(slot)) for key, slot in pairs))
        return made

    def _make_Set(self, slots: list[Any]) -> Any:
        members = [self._slot(slot) for slot in slots]
        return set(members) if all(map(_is_hashable, members)) else members

    def _make_Date(self, milliseconds: Optional[float]) -> Optional[datetime]:
        return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)

    def _make_RegExp(self, source: str, flags: str, _last_index: int) -> Any:
        combined = 0
        for flag in flags:
            combined |= _FLAGS.get(flag, 0)
        return re.compile(source, combined)

    def _make_URL(self, text: str) -> str:
        return text

    _make_URLSearchParams = _make_URL

    def _make_Boxed(self, slot: Any) -> Any:
        return self._slot(slot)

    def _make_ArrayBuffer(self, number: int) -> bytes:
        return self._buffers[number]

    def _make_View(self, kind: str, number: int) -> Any:
        code = _TYPE_CODES.get(kind)
        return self._buffers[number] if code is None else array(code, self._buffers[number])

    def _make_Error(
        self, kind: str, details: dict[str, Any], hidden: dict[str, Any], fields: dict[str, Any]
    ) -> Any:
        name, message, stack = (self._slot(details.get(key)) for key in ("name", "message", "stack"))
        error = RemoteError(str(name or kind), str(message or ""), str(stack or ""))

        def fill() -> None:
            for key, slot in {**fields, **hidden}.items():
                value = self._slot(slot)
                if key == "cause" and isinstance(value, BaseException):
                    error.__cause__ = value
                elif key not in ("name", "message", "stack"):
                    setattr(error, key, value)

        self._fill.append(fill)
        return error


def _is_hashable(value: Any) -> bool:
    return not isinstance(value, (list, dict, set, array))
