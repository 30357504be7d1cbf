"""Where a server is, and how to connect to it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Optional, Union

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8765


@dataclass(frozen=True)
class TlsOptions:
    """The options of TLS (P2.3). They are PEM texts, so that they can be sent to workers on other hosts."""

    ca: Optional[str] = None
    """Authorities to trust in addition to those of the system."""
    servername: Optional[str] = None
    """The name in the server's certificate, if it differs from the host."""
    cert: Optional[str] = None
    """The client's certificate, if the server requires one (P2.5)."""
    key: Optional[str] = None
    verify: bool = True
    """With false the server's certificate is not checked."""

    def context(self) -> ssl.SSLContext:
        """The context of the connection.

        :raises ssl.SSLError: if a certificate cannot be read
        """
        context = ssl.create_default_context()
        if self.ca is not None:
            context.load_verify_locations(cadata=self.ca)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.cert is not None and self.key is not None:
            _load_certificate(context, self.cert, self.key)
        return context


@dataclass(frozen=True)
class ServerAddress:
    """The address of a server (P1), and how to connect to it."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tls: Union[bool, TlsOptions] = False
    token: Optional[str] = None
    """The token, if the server requires one (P2.5). Latin-1."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def tls_options(self) -> Optional[TlsOptions]:
        """None without TLS."""
        if self.tls is False:
            return None
        return TlsOptions() if self.tls is True else self.tls

    def to_json(self) -> dict[str, Any]:
        """The form that launch orders have, the same as in the TypeScript client."""
        told: dict[str, Any] = {"host": self.host, "port": self.port}
        if isinstance(self.tls, TlsOptions):
            options = {name: value for name, value in asdict(self.tls).items() if value is not None}
            options["rejectUnauthorized"] = options.pop("verify")
            told["tls"] = options
        elif self.tls:
            told["tls"] = True
        if self.token is not None:
            told["token"] = self.token
        return told

    @staticmethod
    def from_json(told: Mapping[str, Any]) -> ServerAddress:
        """The inverse of ``to_json``."""
        tls = told.get("tls", False)
        if isinstance(tls, Mapping):
            names = {field.name for field in fields(TlsOptions)}
            options = {name: value for name, value in tls.items() if name in names}
            tls = TlsOptions(**options, verify=tls.get("rejectUnauthorized", True) is not False)
        return ServerAddress(
            host=told.get("host", DEFAULT_HOST),
            port=told.get("port", DEFAULT_PORT),
            tls=tls,
            token=told.get("token"),
        )

    @staticmethod
    def parse(text: str, **options: Any) -> ServerAddress:
        """``HOST:PORT``, ``[HOST]:PORT``, ``HOST`` or ``:PORT``.

        :raises ValueError: if it is none of these
        """
        host, colon, port = text.rpartition(":")
        if not colon or (":" in host and not host.startswith("[")):
            host, port = text, str(DEFAULT_PORT)
        if not port.isdigit() or not 0 < int(port) < 65_536:
            raise ValueError(f"`server` must be HOST:PORT, got {text!r}.")
        return ServerAddress(host=host.strip("[]") or DEFAULT_HOST, port=int(port), **options)


ServerLike = Union[ServerAddress, str]


def as_address(server: ServerLike) -> ServerAddress:
    """An address from ``HOST:PORT`` or from an address."""
    return ServerAddress.parse(server) if isinstance(server, str) else server


def _load_certificate(context: ssl.SSLContext, cert: str, key: str) -> None:
    """The standard library reads certificates only from files."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        paths = Path(folder, "cert.pem"), Path(folder, "key.pem")
        for path, text in zip(paths, (cert, key)):
            path.touch(mode=0o600)
            path.write_text(text)
        context.load_cert_chain(*paths)
