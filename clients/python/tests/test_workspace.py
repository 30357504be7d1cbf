"""Workspaces and connections (P, W, V)."""

from __future__ import annotations

import io
import tempfile
import unittest
from dataclasses import replace

from sleigh import Connection, ConnectionLostError, NetWorkSpace, NwsError, ServerAddress, WaitTimeoutError
from sleigh.address import TlsOptions

from .support import CERTIFICATES, Background, Server, ServerTestCase, until


class AWorkspace(ServerTestCase):
    def test_stores_finds_and_fetches_values(self) -> None:
        with self.workspace() as shop:
            shop.store("orders", {"id": 1})
            shop.store("orders", (2,))
            self.assertEqual(shop.find("orders"), {"id": 1})
            self.assertEqual(shop.fetch("orders"), {"id": 1})
            self.assertEqual(shop.fetch_try("orders"), (2,))
            self.assertIsNone(shop.fetch_try("orders"))
            self.assertEqual(shop.find_try("orders", "none"), "none")

    def test_waits_for_a_value_while_other_threads_use_it(self) -> None:
        shop = self.workspace()
        waiting = Background(lambda: shop.fetch("orders", timeout=30))
        until(lambda: [info for info in shop.list_variables() if info.fetchers == 1])
        shop.store("orders", "one")
        self.assertEqual(waiting.join(), "one")

    def test_that_waits_in_vain_takes_no_value(self) -> None:
        shop = self.workspace()
        with self.assertRaises(WaitTimeoutError):
            shop.fetch("orders", timeout=0.05)
        shop.store("orders", 1)
        self.assertEqual(shop.list_variables()[0].values, 1)
        self.assertEqual(shop.fetch("orders", timeout=0), 1)

    def test_iterates_over_values(self) -> None:
        shop = self.workspace()
        for n in range(3):
            shop.store("orders", n)
        self.assertEqual(list(shop.ifind_try("orders")), [0, 1, 2])
        each = shop.ifind("orders", timeout=0.05)
        self.assertEqual([next(each) for _ in range(3)], [0, 1, 2])
        with self.assertRaises(WaitTimeoutError):
            next(each)
        self.assertEqual(list(shop.ifetch_try("orders")), [0, 1, 2])
        self.assertEqual(list(shop.ifetch_try("orders")), [])

    def test_is_like_a_dict(self) -> None:
        shop = self.workspace()
        shop["price"] = 3
        shop["price"] = 4
        self.assertEqual((shop["price"], "price" in shop, list(shop), len(shop)), (4, True, ["price"], 1))
        del shop["price"]
        self.assertNotIn("price", shop)
        with self.assertRaises(KeyError):
            shop["price"]
        with self.assertRaises(KeyError):
            del shop["price"]

    def test_takes_and_gives_files(self) -> None:
        shop = self.workspace()
        data = bytes(range(256)) * 10_000
        shop.store_file("file", io.BytesIO(data))
        out = io.BytesIO()
        self.assertEqual(shop.find_file("file", out), len(data))
        self.assertEqual(out.getvalue(), data)
        self.assertEqual(shop.fetch("file"), data)
        with self.assertRaisesRegex(ValueError, "10 bytes before the announced 20"):
            shop.store_file("file", io.BytesIO(b"0123456789"), 20)
        self.assertIsNone(shop.find_try("file"))

    def test_names_may_have_any_characters(self) -> None:
        shop = self.workspace("grüße\t€")
        shop.store("ключ", 1, {"täg": "wért"})
        self.assertEqual([info.name for info in shop.list_variables()], ["ключ"])
        found = shop.get("findTry", "ключ")
        assert found is not None
        self.assertEqual(found.metadata["täg"], "wért")
        listed = [info.name for info in NetWorkSpace.list_workspaces(self.server.address)]
        self.assertIn("grüße\t€", listed)

    def test_is_deleted_with_its_owner_and_kept_for_others(self) -> None:
        owner = self.workspace("owned")
        user = self.workspace("owned", own=False, create=False)
        owner.close()
        until(
            lambda: "owned" not in [info.name for info in NetWorkSpace.list_workspaces(self.server.address)]
        )
        with self.assertRaises(NwsError) as caught:
            user.store("x", 1)
        self.assertIn(caught.exception.code, ("no-workspace", "not-opened"))
        with self.assertRaises(NwsError) as caught:
            self.workspace("owned", create=False)
        self.assertEqual(caught.exception.code, "no-workspace")

    def test_can_have_a_unique_name(self) -> None:
        with NetWorkSpace.mktemp("job %d", self.server.address) as first:
            self.assertTrue(first.name.startswith("job "))
            NetWorkSpace.delete_workspace(first.name, self.server.address)

    def test_refuses_with_code_and_reason(self) -> None:
        shop = self.workspace()
        shop.declare("v", "lifo")
        with self.assertRaises(NwsError) as caught:
            shop.declare("v", "fifo")
        error = caught.exception
        self.assertEqual((error.code, error.status), ("failed", "0001"))
        self.assertEqual(error.reason, 'Cannot change variable mode to "fifo".')

    def test_ends_waits_when_it_is_closed_or_its_variable_deleted(self) -> None:
        shop = self.workspace()
        waiting = Background(lambda: shop.find("gone"))
        until(lambda: [info for info in shop.list_variables() if info.finders == 1])
        shop.delete_variable("gone")
        with self.assertRaises(NwsError) as caught:
            waiting.join()
        self.assertEqual(caught.exception.code, "purged")
        waiting = Background(lambda: shop.find("gone"))
        until(lambda: [info for info in shop.list_variables() if info.finders == 1])
        shop.close()
        with self.assertRaises(ConnectionLostError) as lost:
            waiting.join()
        self.assertEqual(lost.exception.code, "closed")

    def test_has_barriers(self) -> None:
        shop, other = self.workspace("barrier"), self.workspace("barrier")
        with shop.barrier("gate") as gate:
            with self.assertRaises(WaitTimeoutError):
                other_gate = other.barrier("gate")
                other_gate.wait(timeout=0.05)
            self.assertEqual(gate.wait(timeout=10), 1)


class TheOldHandshake(ServerTestCase):
    def test_stores_and_fetches_without_metadata(self) -> None:
        with self.workspace(handshake="old") as shop:
            shop.store("x", "text")
            self.assertEqual(shop.fetch("x"), "text")
            self.assertIsNone(shop.fetch_try("x"))
            with self.assertRaises(WaitTimeoutError):
                shop.fetch("x", timeout=0.05)
            with self.assertRaises(NwsError) as caught:
                NetWorkSpace("none", server=self.server.address, handshake="old", create=False)
            self.assertEqual(caught.exception.code, "no-workspace")


class AServerWithAToken(unittest.TestCase):
    def test_admits_only_who_knows_it(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("secret\n")
            file.flush()
            server = Server("--token-file", file.name)
        self.addCleanup(server.stop)
        with Connection(replace(server.address, token="secret")) as connection:
            self.assertEqual(connection.list_workspaces()[0].name, "__default")
        for token in (None, "wrong"):
            with self.assertRaises(ConnectionLostError) as caught:
                Connection(replace(server.address, token=token))
            self.assertEqual(caught.exception.code, "refused")
        with self.assertRaises(ConnectionLostError):
            Connection(server.address, handshake="old")


class AServerWithTls(unittest.TestCase):
    def test_encrypts_and_is_known_by_its_certificate(self) -> None:
        certificate, key = CERTIFICATES / "localhost.crt", CERTIFICATES / "localhost.key"
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("secret\n")
            file.flush()
            flags = ("--tls-cert", str(certificate), "--tls-key", str(key), "--token-file", file.name)
            server = Server(*flags)
        self.addCleanup(server.stop)
        trusted = replace(
            server.address, host="localhost", tls=TlsOptions(ca=certificate.read_text()), token="secret"
        )
        with NetWorkSpace("x", server=trusted) as workspace:
            workspace.store("v", b"x" * 3_000_000)
            self.assertEqual(len(workspace.fetch("v")), 3_000_000)
            with self.assertRaises(WaitTimeoutError):
                workspace.fetch("v", timeout=0.05)
        with self.assertRaises(ConnectionLostError) as caught:
            Connection(replace(trusted, tls=True))
        self.assertEqual(caught.exception.code, "not-secure")


class AServerThatWantsCertificates(unittest.TestCase):
    def test_admits_only_clients_that_have_one(self) -> None:
        certificate, key = CERTIFICATES / "localhost.crt", CERTIFICATES / "localhost.key"
        flags = (
            "--tls-cert",
            str(certificate),
            "--tls-key",
            str(key),
            "--tls-ca",
            str(CERTIFICATES / "ca.crt"),
        )
        server = Server(*flags)
        self.addCleanup(server.stop)
        tls = TlsOptions(
            ca=certificate.read_text(),
            servername="localhost",
            cert=(CERTIFICATES / "client.crt").read_text(),
            key=(CERTIFICATES / "client.key").read_text(),
        )
        with Connection(replace(server.address, tls=tls)) as connection:
            self.assertEqual(connection.list_workspaces()[0].name, "__default")
        with self.assertRaises(ConnectionLostError):
            Connection(replace(server.address, tls=replace(tls, cert=None, key=None))).list_workspaces()
        with self.assertRaises(ConnectionLostError) as caught:
            Connection(server.address)
        self.assertEqual(caught.exception.code, "refused")


class AConnection(ServerTestCase):
    def test_to_nothing_fails(self) -> None:
        with self.assertRaises(ConnectionLostError) as caught:
            Connection("127.0.0.1:1")
        self.assertEqual(caught.exception.code, "unreachable")

    def test_with_tls_needs_a_server_that_offers_it(self) -> None:
        with self.assertRaises(ConnectionLostError) as caught:
            Connection(ServerAddress(port=self.server.port, tls=True))
        self.assertEqual(caught.exception.code, "not-secure")

    def test_that_is_interrupted_is_closed(self) -> None:
        connection = Connection(self.server.address)
        with self.assertRaises(ZeroDivisionError):
            connection.open_workspace("x")
            connection.store_file("x", "v", _Broken(), 10, descriptor=1)  # type: ignore[arg-type]
        self.assertTrue(connection.is_lost)
        with self.assertRaises(ConnectionLostError):
            connection.list_workspaces()


class _Broken:
    def read(self, _size: int) -> bytes:
        raise ZeroDivisionError


class AnAddress(unittest.TestCase):
    def test_is_parsed(self) -> None:
        cases = {
            "ada:1": ("ada", 1),
            "ada": ("ada", 8765),
            ":99": ("127.0.0.1", 99),
            "[::1]:5": ("::1", 5),
            "::1": ("::1", 8765),
        }
        for text, (host, port) in cases.items():
            with self.subTest(text=text):
                self.assertEqual(ServerAddress.parse(text), ServerAddress(host, port))
        for text in ("ada:x", "ada:0", "ada:70000"):
            with self.subTest(text=text), self.assertRaisesRegex(ValueError, "must be HOST:PORT"):
                ServerAddress.parse(text)

    def test_travels_as_in_the_typescript_client(self) -> None:
        tls = TlsOptions(ca="PEM", servername="ada", verify=False)
        address = ServerAddress("h", 1, tls, "t")
        told = address.to_json()
        self.assertEqual(told["tls"], {"ca": "PEM", "servername": "ada", "rejectUnauthorized": False})
        self.assertEqual(ServerAddress.from_json(told), address)
        self.assertEqual(ServerAddress.from_json({"host": "h", "port": 1, "tls": True}).tls, True)
