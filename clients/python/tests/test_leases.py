"""Values for a time, locks, leaders, and fifos with a capacity (V13, V14)."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time

from sleigh import (
    Connection,
    ConnectionLostError,
    LeaseEndedError,
    NetWorkSpace,
    NwsError,
    ServerAddress,
    WaitTimeoutError,
)

from .support import PATHS, Background, Proxy, ServerTestCase, until


class ALease(ServerTestCase):
    def setUp(self) -> None:
        self.shop = self.workspace()
        self.other = self.workspace(own=False)

    def waits(self, variable: str = "orders") -> None:
        """Returns when a client waits for a value."""
        until(
            lambda: [
                info for info in self.other.list_variables() if info.name == variable and info.fetchers == 1
            ]
        )

    def test_has_the_value_for_a_time_and_removes_it(self) -> None:
        for number in (1, 2):
            self.shop.store("orders", number, {"table": "7"})
        order = self.shop.take("orders", 30)
        self.assertEqual((order.value, order.found.index), (1, 0))
        self.assertEqual(order.found.metadata["table"], "7")
        self.assertEqual(self.other.list_variables()[0].values, 1)
        self.assertEqual(self.other.find_try("orders"), 2)
        order.done()
        self.assertFalse(order.lost.is_set())
        self.assertEqual(list(self.other.ifetch_try("orders")), [2])
        for use in (order.done, order.back, order.extend):
            with self.assertRaisesRegex(LeaseEndedError, "has ended already"):
                use()

    def test_gives_the_value_back_to_its_place(self) -> None:
        for number in (1, 2):
            self.shop.store("orders", number)
        self.shop.take("orders", 30).back()
        with self.shop.take("orders", 30) as order:
            self.assertEqual(order.value, 1)
        with self.assertRaises(ZeroDivisionError), self.shop.take("orders", 30) as order:
            raise ZeroDivisionError
        self.assertEqual(list(self.other.ifetch_try("orders")), [1, 2])

    def test_that_was_ended_in_its_block_is_not_ended_again(self) -> None:
        self.shop.store("orders", 1)
        with self.shop.take("orders", 0.3) as order:
            order.done()
        # It does not return when its time has elapsed, either.
        with self.assertRaises(WaitTimeoutError):
            self.other.find("orders", 0.6)

    def test_waits_for_a_value_and_takes_none_after_its_timeout(self) -> None:
        waiting = Background(lambda: self.shop.take("orders", 30, timeout=30))
        self.waits()
        self.other.store("orders", 1)
        self.assertEqual(waiting.join().value, 1)
        with self.assertRaises(WaitTimeoutError):
            self.shop.take("orders", 30, timeout=0.05)
        self.other.store("orders", 2)
        self.assertEqual(self.other.find_try("orders"), 2)
        self.assertIsNone(self.shop.take_try("none", 30))
        taken = self.shop.take_try("orders", 30)
        assert taken is not None
        self.assertEqual(taken.value, 2)

    def test_returns_when_its_time_has_elapsed(self) -> None:
        self.shop.store("orders", 1)
        began = time.monotonic()
        order = self.shop.take("orders", 0.3)
        self.assertEqual(self.other.fetch("orders", 30), 1)
        self.assertGreaterEqual(time.monotonic() - began, 0.25)
        self.assertTrue(order.lost.wait(30))
        with self.assertRaisesRegex(LeaseEndedError, "the lease has elapsed, and the value has returned"):
            order.done()

    def test_that_is_extended_begins_its_time_again(self) -> None:
        self.shop.store("orders", 1)
        order = self.shop.take("orders", 1)
        order.extend(60)
        with self.assertRaises(WaitTimeoutError):
            self.other.fetch("orders", 1.5)
        self.assertFalse(order.lost.is_set())
        order.extend(0.1)
        self.assertEqual(self.other.fetch("orders", 30), 1)

    def test_that_has_ended_on_the_server_is_lost_when_it_is_extended(self) -> None:
        self.shop.store("orders", 1)
        order = self.shop.take("orders", 60)
        self.other.delete_variable("orders")
        with self.assertRaisesRegex(NwsError, "does not hold the lease"):
            order.extend()
        self.assertTrue(order.lost.is_set())

    def test_returns_when_its_holder_goes_for_whatever_reason(self) -> None:
        self.shop.store("orders", 1)
        program = (
            "import sys; from sleigh import NetWorkSpace\n"
            "shop = NetWorkSpace(sys.argv[1], server=sys.argv[2], own=False)\n"
            "print(shop.take('orders', 600).value, flush=True); sys.stdin.read()"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", program, self.shop.name, str(self.server.address)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=PATHS,
        )
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        assert holder.stdout is not None
        self.assertEqual(holder.stdout.readline(), b"1\n")
        self.assertIsNone(self.shop.find_try("orders"))
        holder.kill()
        self.assertEqual(self.shop.fetch("orders", 30), 1)

    def test_says_so_when_its_connection_is_lost(self) -> None:
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        far = NetWorkSpace(self.shop.name, server=ServerAddress(port=proxy.port), own=False)
        self.addCleanup(far.close)
        self.shop.store("orders", 1)
        order = far.take("orders", 600)
        proxy.cut()
        self.assertTrue(order.lost.wait(30))
        with self.assertRaises(ConnectionLostError):
            order.done()
        self.assertEqual(self.shop.fetch("orders", 30), 1)

    def test_of_a_session_survives_its_connection(self) -> None:
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        far = NetWorkSpace(
            self.shop.name, server=ServerAddress(port=proxy.port), own=False, reconnect_grace=30
        )
        self.addCleanup(far.close)
        self.shop.store("orders", 1)
        order = far.take("orders", 600)
        proxy.cut()
        order.extend()
        order.done()
        self.assertFalse(order.lost.is_set())
        self.assertIsNone(self.shop.find_try("orders"))

    def test_gives_its_connection_to_others_when_it_has_ended(self) -> None:
        self.shop.store("orders", 1)
        first = self.shop.take("orders", 30)
        first.back()
        self.assertIs(self.shop.take("orders", 30)._connection, first._connection)

    def test_is_not_given_by_a_barrier_and_needs_a_time_and_metadata(self) -> None:
        self.shop.declare("gate", "__barrier")
        with self.assertRaisesRegex(NwsError, 'take is not supported for a variable of mode "__barrier"'):
            self.shop.take("gate", 1)
        for wrong in (0, -1, 604_801, float("nan"), True, "1"):
            with (
                self.subTest(lease=wrong),
                self.assertRaisesRegex(ValueError, "`lease` must be a number of seconds from 0.001"),
            ):
                self.shop.take("orders", wrong)  # type: ignore[arg-type]
        old = self.workspace(own=False, handshake="old")
        old.store("orders", 1)
        with self.assertRaisesRegex(ValueError, "a lease needs metadata"):
            old.take("orders", 1)
        self.assertEqual(old.fetch("orders"), "1")


class ALock(ServerTestCase):
    def test_has_one_holder_at_a_time(self) -> None:
        held, most = 0, 0
        guard = threading.Lock()

        def work() -> None:
            nonlocal held, most
            with NetWorkSpace(self.id(), server=self.server.address, own=False) as shop:
                for _ in range(5):
                    with shop.lock("x"):
                        with guard:
                            held += 1
                            most = max(most, held)
                        time.sleep(0.002)
                        with guard:
                            held -= 1

        self.workspace()
        for each in [Background(work) for _ in range(4)]:
            each.join()
        self.assertEqual(most, 1)

    def test_is_kept_longer_than_its_lease_and_released_once(self) -> None:
        shop, other = self.workspace(), self.workspace(own=False)
        lock = shop.lock("x", lease=0.6)
        with self.assertRaises(WaitTimeoutError):
            other.lock("x", timeout=1.5)
        self.assertFalse(lock.lost.is_set())
        lock.release()
        lock.release()
        with other.lock("x", timeout=10) as taken:
            self.assertFalse(taken.lost.is_set())

    def test_passes_to_another_program_when_its_holder_is_gone(self) -> None:
        shop, other = self.workspace(own=False), self.workspace(own=False)
        lock = shop.lock("x", lease=600)
        waiting = Background(lambda: other.lock("x", timeout=30))
        shop.close()
        waiting.join().release()
        self.assertTrue(lock.lost.wait(30))

    def test_is_lost_when_its_variable_is_deleted(self) -> None:
        shop = self.workspace()
        lock = shop.lock("x", lease=0.3)
        shop.delete_variable("#lock x")
        self.assertTrue(lock.lost.wait(30))

    def test_elects_a_leader_again_when_it_has_lost_the_lock(self) -> None:
        shop = self.workspace()
        terms: list[int] = []

        def lead(lost: threading.Event) -> str:
            terms.append(len(terms))
            if len(terms) == 1:
                shop.delete_variable("#lock leader")
                self.assertTrue(lost.wait(30))
                raise ZeroDivisionError
            self.assertFalse(lost.is_set())
            return "led"

        self.assertEqual(shop.elect("leader", lead, lease=0.3), "led")
        self.assertEqual(terms, [0, 1])
        with self.assertRaises(ZeroDivisionError):
            shop.elect("leader", lambda _: 1 // 0)
        shop.lock("leader", timeout=10).release()


class AFifoWithACapacity(ServerTestCase):
    def setUp(self) -> None:
        self.shop = self.workspace()
        self.shop.declare("frames", "fifo", capacity=2)

    def fill(self) -> None:
        for number in range(2):
            self.shop.store("frames", number)

    def test_refuses_a_store_when_it_is_full(self) -> None:
        self.fill()
        with self.assertRaises(NwsError) as caught:
            self.shop.store("frames", 2)
        self.assertEqual(caught.exception.code, "full")
        # Values that were taken for a time may return, so they count.
        self.shop.take("frames", 30)
        with self.assertRaises(NwsError):
            self.shop.store("frames", 2)

    def test_lets_a_store_wait_for_room(self) -> None:
        self.fill()
        waiting = Background(lambda: self.shop.store("frames", 2, {"note": "x"}, wait=True, timeout=30))
        time.sleep(0.1)
        self.assertEqual(self.shop.list_variables()[0].values, 2)
        self.assertEqual(self.shop.fetch("frames"), 0)
        waiting.join()
        self.assertEqual(list(self.shop.ifetch_try("frames")), [1, 2])
        # Where there is room, it waits for nothing.
        self.shop.store("frames", 3, wait=True)
        self.assertEqual(self.shop.fetch("frames"), 3)

    def test_stores_nothing_when_the_wait_has_ended(self) -> None:
        self.fill()
        with self.assertRaisesRegex(WaitTimeoutError, "there was no room within 0.05 seconds"):
            self.shop.store("frames", 2, wait=True, timeout=0.05)
        self.assertEqual(list(self.shop.ifetch_try("frames")), [0, 1])
        self.assertIsNone(self.shop.find_try("frames"))
        with self.assertRaisesRegex(ValueError, "`timeout` needs `wait`"):
            self.shop.store("frames", 2, timeout=1)

    def test_keeps_its_capacity(self) -> None:
        self.shop.declare("frames", "fifo")
        with self.assertRaisesRegex(NwsError, "Cannot change variable capacity to 7"):
            self.shop.declare("frames", "fifo", 7)
        with self.assertRaisesRegex(NwsError, "a capacity is a whole number of at least 1"):
            self.shop.declare("others", "fifo", 0)
        old = self.workspace(own=False, handshake="old")
        with self.assertRaisesRegex(ValueError, "a capacity needs metadata"):
            old.declare("others", "fifo", 7)

    def test_of_a_session_repeats_a_store_that_waits_once(self) -> None:
        proxy = Proxy(self.server.port)
        self.addCleanup(proxy.close)
        address = ServerAddress(port=proxy.port)
        far = NetWorkSpace(self.shop.name, server=address, own=False, reconnect_grace=30)
        self.addCleanup(far.close)
        self.fill()
        waiting = Background(lambda: far.store("frames", 2, wait=True))
        time.sleep(0.1)
        proxy.cut()
        self.shop.fetch("frames")
        waiting.join()
        self.assertEqual(list(self.shop.ifetch_try("frames")), [1, 2])


class AStream(ServerTestCase):
    def test_without_a_size_is_stored_as_a_whole(self) -> None:
        shop = self.workspace()
        read, write = os.pipe()
        data = bytes(range(256)) * 4_000

        def fill() -> None:
            with os.fdopen(write, "wb") as pipe:
                pipe.write(data)

        filling = Background(fill)
        with os.fdopen(read, "rb") as pipe:
            shop.store_file("film", pipe)
        filling.join()
        target = io.BytesIO()
        self.assertEqual(shop.fetch_file("film", target), len(data))
        self.assertEqual(target.getvalue(), data)


class AnOldStyleJob(ServerTestCase):
    def test_says_how_many_tasks_are_lost(self) -> None:
        shop = self.workspace()
        self.assertIsNone(shop.old_sleigh())
        shop.store("task", 1)
        waiting = Background(lambda: shop.find("Sleigh ride over"))
        until(lambda: [info for info in shop.list_variables() if info.finders == 1])
        worker = Connection(self.server.address)
        worker.use_workspace(shop.name)
        worker.get("fetch", shop.name, "task")
        self.assertEqual(shop.old_sleigh().running, 1)  # type: ignore[union-attr]
        worker.close()
        until(lambda: shop.old_sleigh().lost == 1)  # type: ignore[union-attr]
        shop.store("Sleigh ride over", "1")
        waiting.join()
