"""What a Kafka log's URL means for the client library, and what the library's errors mean for us.

`kafka://[user@]host:port[,host:port][?option=value&…]`:

    prefix               begins the topics' names (fieldline)
    session_timeout_ms   a worker silent for this long loses its partitions (10000; brokers take 6000 and more)
    delivery_timeout_ms  an append that the broker does not take for this long fails (120000)
    connect_timeout_ms   how long opening waits for a broker (10000)
    compression          none, lz4, zstd, gzip, snappy (none: on a local network compressing costs more than it saves)
    in_flight_bytes      how much may wait for the broker before `append` blocks (64 MiB)
    tls, ca, cert, key   true or false (false, or true when ca or cert is given), and files in PEM format
    sasl                 PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (SCRAM-SHA-512 when there is a user)
    password_env         the variable with the password (FIELDLINE_KAFKA_PASSWORD); password_file: a file with it
"""

import os
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import errors as kafka_errors

from fieldline.errors import FieldlineError, SettingsError, Unavailable
from fieldline.log.options import Options
from fieldline.log.records import Stream

CLIENT = "fieldline"
VERSION = "v1"
MAX_MESSAGE_BYTES = 16 << 20
"""What topics take for one record (`max.message.bytes`), set by `fieldline topics apply`."""

REQUEST_S = 15.0

_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,200}")
_COMPRESSION = ("none", "lz4", "zstd", "gzip", "snappy")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_WRONG_SETTINGS = (
    kafka_errors.AuthorizationError,
    kafka_errors.KafkaConfigurationError,
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.InvalidTopicError,
    kafka_errors.InvalidSessionTimeoutError,
    kafka_errors.InvalidReplicationFactorError,
    kafka_errors.InvalidPartitionsError,
    kafka_errors.UnsupportedVersionError,
)


@dataclass(frozen=True)
class KafkaSettings:
    """One URL, read."""

    servers: tuple[str, ...]
    prefix: str
    session_timeout_ms: int
    delivery_timeout_ms: int
    connect_timeout_ms: int
    compression: str | None
    in_flight_bytes: int
    security: dict[str, Any] = field(repr=False)

    def topic(self, stream: Stream) -> str:
        """The topic of a stream, as `fieldline.readings.v1`."""
        return f"{self.prefix}.{stream.value}.{VERSION}"

    def group(self, stream: Stream, group: str) -> str:
        """The consumer group of a group of ours; one reads one stream only."""
        return f"{self.prefix}.{stream.value}.{group}"

    @property
    def is_tls(self) -> bool:
        """Whether connections are encrypted."""
        return str(self.security["security_protocol"]).endswith("SSL")

    @property
    def place(self) -> str:
        """The servers, for messages."""
        return ",".join(self.servers)

    def client(self) -> dict[str, Any]:
        """Arguments that every client takes."""
        return {
            "bootstrap_servers": list(self.servers),
            "client_id": CLIENT,
            "request_timeout_ms": int(REQUEST_S * 1000),
            "bootstrap_timeout_ms": self.connect_timeout_ms,
            "reconnect_backoff_ms": 50,
            "reconnect_backoff_max_ms": 1000,
            **self.security,
        }


def read_url(address: str, prefix: str = "fieldline") -> KafkaSettings:
    """The settings in what follows `kafka://`. Raises SettingsError."""
    place, options = Options.split(address.removeprefix("kafka://").rstrip("/"))
    user, _, hosts = place.rpartition("@")
    servers = tuple(_server(host) for host in hosts.split(","))
    session_ms = options.whole("session_timeout_ms", 10_000, low=1000, high=300_000)
    compression = options.text("compression", "none", _COMPRESSION)
    topics = options.text("prefix") or prefix
    if not _PREFIX.fullmatch(topics):
        raise SettingsError(f"log: prefix: expected letters, digits, '.', '_' and '-', got {topics!r}")
    settings = KafkaSettings(
        servers=servers,
        prefix=topics,
        session_timeout_ms=session_ms,
        delivery_timeout_ms=options.whole("delivery_timeout_ms", 120_000, low=1000, high=3_600_000),
        connect_timeout_ms=options.whole("connect_timeout_ms", 10_000, low=100, high=600_000),
        compression=None if compression == "none" else compression,
        in_flight_bytes=options.whole("in_flight_bytes", 64 << 20, low=1),
        security=_security(options, user),
    )
    options.finish()
    return settings


def _server(host: str) -> str:
    name, _, port = host.rpartition(":")
    if not name or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"log: expected kafka://host:port[,host:port], got {host!r} as a server")
    return host


def _security(options: Options, user: str) -> dict[str, Any]:
    files = {name: options.text(name) for name in ("ca", "cert", "key")}
    mechanism = options.text("sasl", "SCRAM-SHA-512" if user else None, _MECHANISMS)
    variable = options.text("password_env", "FIELDLINE_KAFKA_PASSWORD") or ""
    password_file = options.text("password_file") or os.environ.get("FIELDLINE_KAFKA_PASSWORD_FILE")
    tls_default = "true" if any(files.values()) else "false"
    is_tls = options.text("tls", tls_default, ("true", "false")) == "true"
    for name, file in files.items():
        if file and not Path(file).is_file():
            raise SettingsError(f"log: {name}: there is no file {file}")
    result: dict[str, Any] = {
        "security_protocol": ("SASL_" if mechanism else "") + ("SSL" if is_tls else "PLAINTEXT"),
    }
    if is_tls:
        result["ssl_context"] = _tls_context(files)
    if mechanism:
        if not user:
            raise SettingsError("log: sasl needs a user: kafka://user@host:port")
        password = _password(variable, password_file)
        result |= {"sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    return result


class _ClosingTlsSocket(ssl.SSLSocket):
    """Closes when a handshake fails: kafka-python 3.0.12 forgets it then, and with it a file descriptor for each attempt."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise  # it goes on when there is more to read, or room to write
        except OSError:
            self.close()
            raise


def _tls_context(files: Mapping[str, str | None]) -> ssl.SSLContext:
    """How to speak TLS: with a server whose certificate is checked for its name. Raises SettingsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _ClosingTlsSocket
    try:
        if files["ca"]:
            context.load_verify_locations(files["ca"])
        else:
            context.load_default_certs()
        if files["cert"]:
            context.load_cert_chain(files["cert"], files["key"])
    except ssl.SSLError as error:
        given = ", ".join(f"{name}={file}" for name, file in files.items() if file)
        raise SettingsError(f"log: {given}: expected certificates and a key in PEM format ({error})") from error
    return context


def _password(variable: str, file: str | None) -> str:
    if file:
        try:
            return Path(file).read_text().rstrip("\r\n")
        except OSError as error:
            raise SettingsError(f"log: password_file: cannot read {file}: {error.strerror}") from error
    password = os.environ.get(variable)
    if password is None:
        raise SettingsError(f"log: there is a user but no password: set {variable} or password_file")
    return password


def translate(error: Exception, place: str) -> FieldlineError:
    """What an error of the client library means for who uses the log."""
    if isinstance(error, FieldlineError):
        return error
    # The library puts whole requests into its messages; their beginning tells enough.
    text = f"{type(error).__name__} {str(error)[:200]}".strip()
    if isinstance(error, _WRONG_SETTINGS):
        return SettingsError(f"log kafka://{place}: the broker refuses: {text}")
    return Unavailable(f"log kafka://{place}: {text}")


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn the client library's errors inside the block into Fieldline's."""
    try:
        yield
    except (kafka_errors.KafkaError, OSError) as error:
        raise translate(error, place) from error
