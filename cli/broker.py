"""The flag for a broker to publish to, and a publisher to it."""

from typing import Annotated

import typer

from fieldline.settings import Settings
from ingest.publisher import Publisher

To = Annotated[
    str | None, typer.Option("--to", "--mqtt", metavar="URL", help="The broker. [default: mqtt://127.0.0.1:1883]")
]


def publisher_of(settings: Settings, connect_timeout_s: float = 10.0) -> Publisher:
    """A publisher with the settings' credentials and certificates."""
    ingest = settings.ingest
    password = ingest.password.reveal() if ingest.password is not None else None
    return Publisher(
        ingest.mqtt,
        username=ingest.username,
        password=password,
        ca_file=ingest.tls_ca,
        connect_timeout_s=connect_timeout_s,
    )
