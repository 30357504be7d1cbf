"""Both handshakes (P2), from the side of the client."""

from __future__ import annotations

from . import wire
from .address import ServerAddress
from .dictionary import read_dictionary
from .errors import ConnectionLostError
from .stream import Stream


def shake_hands(stream: Stream) -> dict[str, str]:
    """The new handshake (P2.1): metadata in both directions, TLS and a token if the address has them.

    :returns: what the server offers
    """
    server = stream.server
    stream.write(wire.GREETING)
    if stream.read(4) != wire.OFFER:
        raise ConnectionLostError("not-nws", f"{server} is not a NetWorkSpaces server")
    offer = read_dictionary(stream, "latin-1")
    tls = server.tls_options
    if tls is not None and wire.OPTION_TLS not in offer:
        raise ConnectionLostError("not-secure", f"{server} offers no TLS")
    chosen = {wire.OPTION_TO_SERVER: "1", wire.OPTION_FROM_SERVER: "1"}
    if server.token is not None and wire.OPTION_TOKEN in offer:
        chosen.update(_proof(server, offer, server.token))
    if tls is not None:
        chosen[wire.OPTION_TLS] = "1"
    stream.write(wire.CHOICE + wire.encode_dictionary(chosen, "latin-1"))
    if stream.read(4) != wire.ACCEPTED:
        why = "wants another token" if wire.OPTION_TOKEN in offer else "refused the connection"
        raise ConnectionLostError("refused", f"{server} {why}")
    if tls is not None:
        stream.secure(tls)
    return offer


def shake_hands_as_of_old(stream: Stream) -> None:
    """The old handshake (P2.4), without metadata."""
    server = stream.server
    if server.tls_options is not None or server.token is not None:
        raise ValueError("the old handshake has neither TLS nor tokens")
    stream.write(wire.OLD_GREETING)
    answer = stream.read(4)
    if answer != wire.OLD_ANSWER:
        code = "refused" if answer == b"F000" else "not-nws"
        raise ConnectionLostError(code, f"{server} answered {answer!r} to the old handshake")


def _proof(server: ServerAddress, offer: dict[str, str], token: str) -> dict[str, str]:
    """Options travel before TLS begins, so the token itself is sent only where TLS is not offered (P2.5)."""
    nonce = offer.get(wire.OPTION_NONCE)
    if nonce is not None:
        return {wire.OPTION_NONCE: nonce, wire.OPTION_TOKEN: wire.token_proof(token, nonce)}
    if wire.OPTION_TLS in offer or server.tls_options is not None:
        why = f"{server} would get the token in the open: it offers no proof of tokens"
        raise ConnectionLostError("not-secure", why)
    return {wire.OPTION_TOKEN: token}
