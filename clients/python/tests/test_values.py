"""The forms of values (C1 to C7)."""

from __future__ import annotations

import math
import pickle
import threading
import unittest
from array import array
from datetime import datetime, timezone
from typing import Any
from unittest import mock

from sleigh.chunk import Chunk, Part, encode_chunk, part_of
from sleigh.errors import RemoteError, UnsendableError
from sleigh.values import Encoded, ForeignValue, decode, encode


def back(value: Any) -> Any:
    encoded = encode(value)
    return decode(encoded.descriptor, bytes(encoded.data), {"type": encoded.type})


def graph(json: str, *buffers: bytes) -> bytes:
    data = json.encode()
    return b"%d\n%s%s" % (len(data), data, b"".join(buffers))


class AValue(unittest.TestCase):
    def test_that_is_text_json_or_bytes_has_a_form_that_every_language_reads(self) -> None:
        forms: list[tuple[Any, Encoded]] = [
            ("grüße", Encoded(1, "grüße".encode(), "text")),
            ({"a": [1, 2.5, None, True]}, Encoded(1, b'{"a":[1,2.5,null,true]}', "json")),
            ("\udc80", Encoded(1, b'"\\udc80"', "json")),
            (2**53, Encoded(1, b"9007199254740992", "json")),
            (b"\x00\xff", Encoded(0x01000003, b"\x00\xff", "bytes")),
        ]
        for value, form in forms:
            with self.subTest(value=value):
                self.assertEqual(encode(value), form)
                self.assertEqual(back(value), value)

    def test_that_json_would_change_is_a_pickle(self) -> None:
        shared: list[int] = []
        for value in [(1, 2), {1: "a"}, {"a": (1,)}, 2**53 + 1, -0.0, math.inf, {1}, 1j, [shared, shared]]:
            with self.subTest(value=value):
                encoded = encode(value)
                self.assertEqual((encoded.descriptor, encoded.type), (0x01000000, "pickle"))
                self.assertEqual(bytes(encoded.data)[:2], b"\x80\x05")
                self.assertEqual(back(value), value)
                self.assertIs(type(back(value)), type(value))
        self.assertTrue(math.isnan(back(math.nan)))
        first, second = back([shared, shared])
        self.assertIs(first, second)

    def test_that_is_deeply_nested_or_cyclic_is_a_pickle(self) -> None:
        deep: Any = []
        for _ in range(300):
            deep = [deep]
        self.assertEqual(encode(deep).type, "pickle")
        cyclic: list[Any] = []
        cyclic.append(cyclic)
        self.assertIs(back(cyclic)[0].__class__, list)

    def test_that_cannot_be_pickled_is_refused_by_its_name(self) -> None:
        without = mock.patch.dict("sys.modules", {"cloudpickle": None})
        with without, self.assertRaisesRegex(UnsendableError, "`element` cannot be sent: .*cloudpickle"):
            encode(lambda: 1, "element")
        with self.assertRaisesRegex(UnsendableError, "`value` cannot be sent"):
            encode(threading.Lock())

    def test_of_another_program_is_not_lost(self) -> None:
        self.assertEqual(decode(0x03000001, b"of R"), "of R")
        self.assertEqual(decode(0x03000000, b"X\n"), ForeignValue(0x03000000, b"X\n"))
        self.assertEqual(decode(0x0B000003, b"raw", {"type": "uint8array"}), b"raw")
        self.assertEqual(decode(1, b"\xe9"), "é")
        self.assertEqual(decode(1, b"no json", {"type": "json"}), "no json")
        broken = decode(0x01000000, b"\x80\x05broken", {"type": "pickle"})
        self.assertIsInstance(broken, ForeignValue)
        self.assertIn("cannot be decoded", broken.why)

    def test_that_is_a_pickle_is_not_decoded_where_that_is_not_wanted(self) -> None:
        data = pickle.dumps({1, 2})
        self.assertEqual(decode(0x01000000, data, pickles=False), ForeignValue(0x01000000, data))


class AGraphOfTheTypeScriptClient(unittest.TestCase):
    def read(self, json: str, *buffers: bytes) -> Any:
        return decode(0x0B00000B, graph(json, *buffers), {"type": "graph"})

    def test_has_the_values_that_python_has(self) -> None:
        cases: list[tuple[str, Any]] = [
            ('[["undefined"],[],[]]', None),
            ('[["-Infinity"],[],[]]', -math.inf),
            ('[["bigint","123456789012345678901"],[],[]]', 123456789012345678901),
            ('[[0],[["Date",86400000]],[]]', datetime(1970, 1, 2, tzinfo=timezone.utc)),
            ('[[0],[["Map",[1,"one",[1],2]],["Array",[]]],[]]', [(1, "one"), ([], 2)]),
            ('[[0],[["Map",[1,[1]]],["Array",[true]]],[]]', {1: [True]}),
            ('[[0],[["Set",["a","b"]]],[]]', {"a", "b"}),
            ('[[0],[["URL","http://a/"]],[]]', "http://a/"),
            ('[[0],[["SparseArray",3,{"1":"x"}]],[]]', [None, "x", None]),
            ('[[0],[{"a":[1],"b":[1]},["Boxed",7]],[]]', {"a": 7, "b": 7}),
        ]
        for json, value in cases:
            with self.subTest(json=json):
                self.assertEqual(self.read(json), value)

    def test_has_arrays_errors_and_cycles(self) -> None:
        floats = array("d", [1.5, -2.0])
        self.assertEqual(self.read('[[0],[["View","Float64Array",0]],[16]]', floats.tobytes()), floats)
        self.assertEqual(self.read('[[0],[["View","Buffer",0]],[2]]', b"\x01\x02"), b"\x01\x02")
        error = self.read(
            '[[0],[["Error","TypeError",{"name":"TypeError","message":"no","stack":"at x"},{"cause":[1]},{"code":"E"}],'
            '["Error","Error",{"message":"why"},{},{}]],[]]'
        )
        self.assertIsInstance(error, RemoteError)
        self.assertEqual((str(error), error.stack, error.code), ("TypeError: no", "at x", "E"))
        self.assertEqual(str(error.__cause__), "Error: why")
        cyclic = self.read('[[0],[{"self":[0]}],[]]')
        self.assertIs(cyclic["self"], cyclic)

    def test_may_be_nested_deeply(self) -> None:
        nodes = ",".join(f'["Array",[[{n + 1}]]]' for n in range(5_000)) + ',["Array",[]]'
        value = self.read(f"[[0],[{nodes}],[]]")
        for _ in range(5_000):
            (value,) = value
        self.assertEqual(value, [])

    def test_that_is_cut_off_is_returned_as_bytes(self) -> None:
        value = decode(0x0B00000B, b"99\n[]")
        self.assertEqual((value.data, value.why), (b"99\n[]", "its 5 bytes cannot be decoded: it is cut off"))


class AChunk(unittest.TestCase):
    def test_has_the_form_of_each_value_alone(self) -> None:
        parts = [part_of(value, "element") for value in ("ä", [1], b"x", (1,))]
        parts.append(Part(encode({"code": "threw"}), is_failure=True))
        encoded = encode_chunk(parts)
        self.assertEqual((encoded.descriptor, encoded.type), (0x0B000003, "chunk"))
        self.assertTrue(bytes(encoded.data).startswith(b"t2\n\xc3\xa4j3\n[1]b1\nxp"))
        answers = list(decode(0x0B000003, bytes(encoded.data), {"type": "chunk"}))
        self.assertEqual([each.value for each in answers], ["ä", [1], b"x", (1,), None])
        self.assertEqual(answers[-1].failure, {"code": "threw"})

    def test_fails_only_where_a_value_cannot_be_decoded(self) -> None:
        first, second = Chunk(b"p3\nbadj1\n1")
        self.assertEqual(first.failure and first.failure["code"], "unreadable")
        self.assertEqual(second.value, 1)

    def test_that_is_none_is_refused(self) -> None:
        for data in (b"t5\nabc", b"x1\na", b"t-1\n", b"t"):
            with self.subTest(data=data), self.assertRaises(ValueError):
                Chunk(data)


if __name__ == "__main__":
    unittest.main()
