"""Sessions: connections that come back (P15)."""

from __future__ import annotations

import io
import tempfile
import time
from typing import Any

from sleigh import Connection, ConnectionLostError, NetWorkSpace, ServerAddress, WaitTimeoutError
from sleigh.lines import Lines

from .support import Background, Proxy, Server, ServerTestCase, until


class ASession(ServerTestCase):
    def setUp(self) -> None:
        self.proxy = Proxy(self.server.port)
        self.addCleanup(self.proxy.close)
        self.seen = self.workspace()

    def connect(self, grace: float = 30, **options: Any) -> NetWorkSpace:
        address = ServerAddress(port=self.proxy.port)
        workspace = NetWorkSpace(self.id(), server=address, own=False, reconnect_grace=grace, **options)
        self.addCleanup(workspace.close)
        return workspace

    def cut_without_reply(self) -> None:
        """The server has carried out the request under way, and its reply is lost."""
        self.proxy.loses_replies = False
        self.proxy.cut()

    def test_repeats_a_get_that_waits(self) -> None:
        shop = self.connect()
        waiting = Background(lambda: shop.fetch("x"))
        until(lambda: [info.fetchers for info in self.seen.list_variables()] == [1])
        self.proxy.cut()
        until(lambda: [info.fetchers for info in self.seen.list_variables()] == [1])
        self.seen.store("x", "once")
        self.assertEqual(waiting.join(), "once")

    def test_does_not_repeat_the_effect_of_a_request_whose_reply_was_lost(self) -> None:
        shop = self.connect()
        for value in range(3):
            self.seen.store("x", value)
        self.proxy.loses_replies = True
        taking = Background(lambda: shop.fetch_try("x"))
        until(lambda: [info.values for info in self.seen.list_variables()] == [2])
        self.cut_without_reply()
        self.assertEqual(taking.join(), 0)
        self.assertEqual([shop.fetch_try("x"), shop.fetch_try("x"), shop.fetch_try("x")], [1, 2, None])

        self.proxy.loses_replies = True
        storing = Background(lambda: shop.store("y", 1))
        until(lambda: "y" in self.seen)
        self.cut_without_reply()
        storing.join()
        self.assertEqual(list(shop.ifetch_try("y")), [1])

    def test_repeats_only_the_requests_without_a_reply(self) -> None:
        shop = self.connect()
        connection = shop._lines.main
        requests = [(["store", shop.name, "x", "1", str(n)], {}) for n in range(3)]
        requests.append((["fetch", shop.name, "later"], {}))
        told: list[int] = []

        def before_last() -> None:
            told.append(1)
            self.proxy.cut()

        connections = self.proxy.connections
        asking = Background(lambda: connection.request_all(requests, before_last))
        until(lambda: self.proxy.connections > connections)
        until(lambda: [info.fetchers for info in self.seen.list_variables() if info.name == "later"] == [1])
        self.seen.store("later", "now")
        self.assertEqual([reply.status for reply in asking.join()], ["0000"] * 4)
        self.assertEqual(told, [1])
        self.assertEqual([*self.seen.ifetch_try("x")], ["0", "1", "2"])

    def test_keeps_what_it_owns_even_if_it_makes_no_request(self) -> None:
        name = f"{self.id()} owned"
        address = ServerAddress(port=self.proxy.port)
        owned = NetWorkSpace(name, server=address, reconnect_grace=1)
        self.addCleanup(owned.close)
        owned.store("x", 1)
        self.proxy.cut()
        # It comes back although nobody asks anything, so its grace never passes.
        time.sleep(1.8)
        other = NetWorkSpace(name, server=self.server.address, own=False, create=False)
        self.addCleanup(other.close)
        self.assertEqual(other.find("x"), 1)
        # Its end is an end at once.
        owned.close()
        until(
            lambda: name not in [info.name for info in NetWorkSpace.list_workspaces(self.server.address)], 1
        )

    def test_gives_up_after_its_grace(self) -> None:
        shop = self.connect(0.2)
        self.proxy.close()
        began = time.monotonic()
        with self.assertRaises(ConnectionLostError) as caught:
            shop.store("x", 1)
        self.assertEqual(caught.exception.code, "lost")
        self.assertLess(time.monotonic() - began, 10)
        self.assertTrue(shop._lines.main.is_lost)

    def test_that_the_server_has_ended_is_not_taken_up(self) -> None:
        shop = self.connect(0.05)
        self.proxy.cut()
        session = shop._lines.main._session
        assert session is not None
        with session._lock:
            # The server forgets it after the grace, while this program sleeps.
            time.sleep(0.6)
        with self.assertRaises(ConnectionLostError) as caught:
            shop.store("x", 1)
        self.assertIn("There is no such session", str(caught.exception.__cause__))

    def test_withdraws_a_get_after_its_timeout_when_it_is_back(self) -> None:
        shop = self.connect()
        waiting = Background(lambda: shop.fetch("x", 0.3))
        until(lambda: [info.fetchers for info in self.seen.list_variables()] == [1])
        self.proxy.cut()
        with self.assertRaises(WaitTimeoutError):
            waiting.join()
        # No value was lost.
        self.seen.store("x", 5)
        self.assertEqual(shop.fetch("x"), 5)

    def test_repeats_files_that_can_seek(self) -> None:
        shop = self.connect()
        # From now on it has a connection for requests that take long.
        shop.store_file("first", io.BytesIO(b"1"))
        self.proxy.loses_replies = True
        data = bytes(range(256)) * 1_000
        storing = Background(lambda: shop.store_file("file", io.BytesIO(b"head" + data[4:])))
        until(lambda: "file" in self.seen)
        self.cut_without_reply()
        storing.join()
        target = io.BytesIO()
        self.assertEqual(shop.fetch_file("file", target), len(data))
        self.assertEqual(target.getvalue(), b"head" + data[4:])
        self.assertIsNone(shop.fetch_try("file"))

    def test_ends_the_wait_of_another_thread_when_it_is_closed_while_it_has_no_connection(self) -> None:
        shop = self.connect()
        waiting = Background(lambda: shop.fetch("x"))
        until(lambda: [info.fetchers for info in self.seen.list_variables()] == [1])
        self.proxy.close()
        time.sleep(0.1)
        shop.close()
        with self.assertRaises(ConnectionLostError) as caught:
            waiting.join()
        self.assertEqual(caught.exception.code, "closed")

    def test_follows_its_chart(self) -> None:
        shop = self.connect()
        session = shop._lines.main._session
        assert session is not None
        self.assertEqual(session.actor.state, "connected")
        self.proxy.cut()
        shop.store("x", 1)
        self.assertEqual([step.event for step in session.actor.steps], ["resumed"])
        shop.close()
        self.assertEqual(session.actor.state, "ended")

    def test_is_none_on_a_server_that_keeps_no_data_unless_it_is_wanted(self) -> None:
        for grace, granted in [("stored", 0), (0, 0), (7.5, 7.5)]:
            lines = Lines(self.server.address, reconnect_grace=grace)
            self.addCleanup(lines.close)
            self.assertEqual(lines.main.grace, granted)

    def test_checks_its_grace(self) -> None:
        for wrong in (-1, "ever", float("nan"), float("inf"), None, True):
            with (
                self.subTest(grace=wrong),
                self.assertRaisesRegex(ValueError, "`reconnect_grace` must be a number of seconds from 0"),
            ):
                Connection(self.server.address, reconnect_grace=wrong)  # type: ignore[arg-type]


class AServerThatKeepsItsData(ServerTestCase):
    def test_may_be_killed_between_two_requests_and_during_one(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        server = Server("--data", folder.name)
        shop = NetWorkSpace("shop", server=server.address, reconnect_grace="stored")
        self.addCleanup(shop.close)
        self.assertEqual(shop._lines.main.grace, 60)
        shop.store("x", 1)
        waiting = Background(lambda: shop.fetch("y"))
        until(lambda: len(shop.list_variables()) == 2)
        server.kill()
        taking = Background(lambda: shop.fetch("x"))
        time.sleep(0.1)
        server = Server("--data", folder.name, port=server.port)
        self.addCleanup(server.stop)
        self.assertEqual(taking.join(), 1)
        shop.store("y", 2)
        self.assertEqual(waiting.join(), 2)

        def names() -> list[str]:
            return [info.name for info in NetWorkSpace.list_workspaces(server.address)]

        # It still owns the workspace, which ends with it.
        self.assertIn("shop", names())
        shop.close()
        until(lambda: "shop" not in names())
