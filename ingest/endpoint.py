"""Where a broker is and how to enter: its URL, credentials and TLS files."""

import ssl
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from fieldline.errors import SettingsError
from fieldline.tables import Secret
from fieldline.urls import shown, url_fault


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A broker and how to enter. `receive_maximum` bounds unacknowledged messages (MQTT 5 only)."""

    host: str
    port: int
    is_tls: bool = False
    client_id: str = "fieldline-ingest"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    keepalive_s: int = 30
    receive_maximum: int = 2000
    session_expiry_s: int = 86_400
    protocol: str = "auto"
    max_payload_bytes: int = 1 << 20

    @property
    def url(self) -> str:
        """The address without secrets."""
        return f"{'mqtts' if self.is_tls else 'mqtt'}://{self.host}:{self.port}"


class Login(NamedTuple):
    """Who enters a broker. A user here goes before one in the URL.

    ca_file, cert_file, key_file : for `mqtts`: whom to trust (the system's authorities without it), and who we are
    """

    username: str | None = None
    password: Secret | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


def parse_mqtt_url(url: str) -> tuple[str, int, bool, str | None]:
    """Host, port, whether TLS, and user of `mqtt://[user@]host[:1883]` or `mqtts://[user@]host[:8883]`.

    Raises SettingsError, for a password too: a URL shows in process lists and messages.
    """
    fault = url_fault("mqtt", url, ("mqtt", "mqtts"))
    if fault:
        raise SettingsError(fault)
    parts = urlsplit(url)
    if parts.path.strip("/") or parts.query or not parts.hostname:
        raise SettingsError(f"mqtt: expected mqtt://host[:port] or mqtts://host[:port], got {shown(url)!r}")
    is_tls = parts.scheme == "mqtts"
    user = unquote(parts.username) if parts.username else None
    return parts.hostname, parts.port or (8883 if is_tls else 1883), is_tls, user


def tls_context(endpoint: Endpoint | Login) -> ssl.SSLContext:
    """TLS 1.2 or newer with the host's name checked. Raises OSError for files that can't be read or used."""
    context = ssl.create_default_context(cafile=endpoint.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if endpoint.cert_file:
        context.load_cert_chain(endpoint.cert_file, endpoint.key_file)
    return context
