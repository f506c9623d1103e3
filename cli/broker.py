"""A publisher to the broker of the settings."""

from fieldline.settings import Settings
from ingest.endpoint import Login
from ingest.publisher import Publisher


def publisher_of(settings: Settings, connect_timeout_s: float = 10.0) -> Publisher:
    """A publisher with the settings' credentials and certificates."""
    ingest = settings.ingest
    login = Login(ingest.username, ingest.password, ingest.tls_ca, ingest.tls_cert, ingest.tls_key)
    return Publisher(ingest.mqtt, login=login, connect_timeout_s=connect_timeout_s)
