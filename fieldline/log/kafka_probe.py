"""What is wrong when no Kafka server takes a connection: asked step by step, since the client library only says that it had no luck.

Each step has its own mistakes: the name, the listener, TLS or none, the certificate, the mechanism, the password. Those that no waiting
cures are SettingsErrors, which end a start with exit code 2.
"""

import contextlib
import ipaddress
import socket
import ssl
import struct
from typing import Any

from kafka.net.sasl import get_sasl_mechanism

from fieldline.errors import FieldlineError, SettingsError, Unavailable
from fieldline.log.kafka_settings import KafkaSettings

_TIMEOUT_S = 5.0
_METADATA, _HANDSHAKE, _API_VERSIONS, _AUTHENTICATE = 3, 17, 18, 36
_NO_ERROR, _UNSUPPORTED_MECHANISM, _ILLEGAL_STATE = 0, 33, 34
_LARGEST_ANSWER = 1 << 20
_TLS_ALERT = b"\x15\x03"
_WRONG_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


class _Closed(Exception):
    """The server ended the connection instead of answering."""


def explain(settings: KafkaSettings) -> FieldlineError | None:
    """What keeps us from the servers; None when one of them answers and it must be something else.

    Gives what is wrong with the first server that is there, for the others have the same settings. Takes up to 5 s for each that is not.
    """
    found: FieldlineError | None = None
    for server in settings.servers:
        said = _examine(server, settings)
        if said is None or isinstance(said, SettingsError):
            return said
        found = found or said
    return found


def is_exposed(settings: KafkaSettings) -> bool:
    """Whether a user's password, or what is derived from it, leaves this machine without TLS."""
    if "sasl_mechanism" not in settings.security or settings.is_tls:
        return False
    return any(not _is_loopback(server.rpartition(":")[0].strip("[]")) for server in settings.servers)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _examine(server: str, settings: KafkaSettings) -> FieldlineError | None:
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    try:
        raw = socket.create_connection((host, int(port)), timeout=_TIMEOUT_S)
    except socket.gaierror as error:
        return Unavailable(f"log kafka://{server}: the name {host} can't be resolved: {error.strerror}")
    except OSError as error:
        return Unavailable(f"log kafka://{server}: nobody listens there: {error.strerror or error}")
    with raw:
        try:
            connection = _secured(raw, host, server, settings) if settings.is_tls else raw
            with connection:
                _converse(connection, host, server, settings)
        except FieldlineError as error:
            return error
        except (_Closed, OSError) as error:
            return Unavailable(f"log kafka://{server}: the connection broke: {error}")
    return None


def _secured(raw: socket.socket, host: str, server: str, settings: KafkaSettings) -> ssl.SSLSocket:
    """The connection under TLS. Raises SettingsError."""
    context: ssl.SSLContext = settings.security["ssl_context"]
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise SettingsError(f"log kafka://{server}: {_refused_certificate(error, host)}") from error
    except (ssl.SSLError, ConnectionError) as error:
        raise SettingsError(
            f"log kafka://{server}: TLS is asked for and the listener speaks none: leave out tls and ca,"
            f" or give the port of a listener with TLS ({error})"
        ) from error


def _refused_certificate(error: ssl.SSLCertVerificationError, host: str) -> str:
    if error.verify_code in _WRONG_NAME:
        return (
            f"the server's certificate is not for the name {host} ({error.verify_message});"
            " use a name that stands in it, or have one made with this name"
        )
    if error.verify_code in _EXPIRED:
        return f"the server's certificate is not valid now ({error.verify_message}); is the clock right?"
    return (
        f"the server's certificate is signed by nobody we trust ({error.verify_message});"
        " give the authority's certificate with ca=FILE"
    )


def _converse(connection: socket.socket, host: str, server: str, settings: KafkaSettings) -> None:
    """Ask what a client asks first. Raises SettingsError where an answer shows that the settings are wrong."""
    try:
        _ask(connection, _API_VERSIONS, 0, b"")
    except ssl.SSLError as error:
        raise SettingsError(
            f"log kafka://{server}: the listener refuses us under TLS ({error}); if it asks for a client's certificate,"
            " give cert=FILE and key=FILE"
        ) from error
    except (_Closed, ConnectionError) as error:
        if not settings.is_tls and _speaks_tls(server):
            raise SettingsError(
                f"log kafka://{server}: the listener speaks TLS: add tls=true, and ca=FILE where its authority is not public"
            ) from error
        raise
    if "sasl_mechanism" in settings.security:
        _log_in(connection, host, server, settings)
        return
    try:
        _ask(connection, _METADATA, 1, struct.pack(">i", 0))
    except (_Closed, ConnectionError) as error:
        raise SettingsError(
            f"log kafka://{server}: the listener hangs up on who does not say who he is: it asks for a user (SASL);"
            " give one: kafka://user@host:port"
        ) from error


def _log_in(connection: socket.socket, host: str, server: str, settings: KafkaSettings) -> None:
    mechanism = settings.security["sasl_mechanism"]
    answer = _ask(connection, _HANDSHAKE, 1, _text(mechanism))
    (code,) = struct.unpack_from(">h", answer)
    if code == _ILLEGAL_STATE:
        raise SettingsError(
            f"log kafka://{server}: the listener takes no user (no SASL); leave out user@, or give the port of one that does"
        )
    if code == _UNSUPPORTED_MECHANISM:
        offered = ", ".join(sorted(_texts(answer[2:]))) or "none"
        raise SettingsError(f"log kafka://{server}: expected sasl to be one of {offered}, got {mechanism}")
    exchange: Any = get_sasl_mechanism(mechanism)(host=host, **settings.security)
    while not exchange.is_done():
        answer = _ask(connection, _AUTHENTICATE, 0, _bytes(exchange.auth_bytes()))
        (code,) = struct.unpack_from(">h", answer)
        if code != _NO_ERROR:
            told = next(iter(_texts(struct.pack(">i", 1) + answer[2:])), "")
            raise SettingsError(
                f"log kafka://{server}: user {settings.security['sasl_plain_username']} is refused under {mechanism}:"
                f" the password is wrong, or there is no such user ({told or f'error {code}'})"
            )
        (size,) = struct.unpack_from(">h", answer, 2)
        at = 4 + max(size, 0)
        (length,) = struct.unpack_from(">i", answer, at)
        try:
            exchange.receive(answer[at + 4 : at + 4 + max(length, 0)])
        except ValueError as error:
            raise SettingsError(
                f"log kafka://{server}: the server does not prove that it knows the password: {error}"
            ) from error


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """A request's answer without its head. Raises _Closed."""
    request = struct.pack(">hhi", api, version, api) + _text("fieldline") + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    head = _receive(connection, 8)
    length, _ = struct.unpack(">ii", head)
    if head.startswith(_TLS_ALERT) or not 4 <= length <= _LARGEST_ANSWER:
        raise _Closed("the answer is none of Kafka's")
    return _receive(connection, length - 4)


def _receive(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise _Closed("the server closed the connection")
        received += part
    return received


def _speaks_tls(server: str) -> bool:
    """Whether a server answers a TLS greeting, whoever signed its certificate. Nothing is sent under it."""
    host, _, port = server.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT_S) as raw:
            context.wrap_socket(raw, server_hostname=host.strip("[]")).close()
    except OSError:
        return False
    return True


def _text(text: str) -> bytes:
    content = text.encode()
    return struct.pack(">h", len(content)) + content


def _bytes(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


def _texts(content: bytes) -> list[str]:
    """An array of texts; what can't be read of it is left out."""
    (count,) = struct.unpack_from(">i", content)
    at, found = 4, []
    for _ in range(count):
        (size,) = struct.unpack_from(">h", content, at)
        if size > 0:
            found.append(content[at + 2 : at + 2 + size].decode(errors="replace"))
        at += 2 + max(size, 0)
    return found
