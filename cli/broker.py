"""The flag for a broker to publish to, and a publisher to it."""

from typing import Annotated

import typer

from fieldline.settings import Settings
from ingest.endpoint import Login
from ingest.publisher import Publisher

To = Annotated[
    str | None, typer.Option("--to", "--mqtt", metavar="URL", help="The broker. [default: mqtt://127.0.0.1:1883]")
]


def publisher_of(settings: Settings, connect_timeout_s: float = 10.0) -> Publisher:
    """A publisher with the settings' credentials and certificates."""
    ingest = settings.ingest
    login = Login(ingest.username, ingest.password, ingest.tls_ca)
    return Publisher(ingest.mqtt, login=login, connect_timeout_s=connect_timeout_s)
