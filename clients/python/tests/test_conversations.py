"""The recorded conversations of this client, which the conformance suite of the project replays, are up to date."""

from __future__ import annotations

import json
import unittest

from .conversations import record
from .support import ROOT, ServerTestCase


class TheRecordedConversations(ServerTestCase):
    def test_have_the_requests_of_this_client(self) -> None:
        path = ROOT / "test" / "conformance" / "cases" / "python.json"
        recorded = json.loads(path.read_text())
        for case in recorded:
            for step in case["steps"]:
                step.pop("reply", None)
        again = record(self.server.address)
        self.assertEqual([case["name"] for case in again], [case["name"] for case in recorded])
        for new, old in zip(again, recorded):
            with self.subTest(name=new["name"]):
                self.assertEqual(new["steps"], old["steps"], "run node clients/python/tests/record.mjs")


if __name__ == "__main__":
    unittest.main()
