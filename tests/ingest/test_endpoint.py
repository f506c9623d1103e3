"""The broker's address."""

import pytest

from fieldline.errors import SettingsError
from ingest.endpoint import Endpoint, parse_mqtt_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://h", ("h", 1883, False, None, None)),
        ("mqtts://h", ("h", 8883, True, None, None)),
        ("mqtt://127.0.0.1:11883/", ("127.0.0.1", 11883, False, None, None)),
        ("mqtt://ann@[::1]:1", ("::1", 1, False, "ann", None)),
    ],
)
def test_urls_name_host_port_and_encryption(url: str, expected: tuple[object, ...]) -> None:
    assert parse_mqtt_url(url) == expected


@pytest.mark.parametrize("url", ["", "h:1883", "http://h", "mqtt://", "mqtt://h:0", "mqtt://h:99999", "mqtt://h/topic"])
def test_what_is_no_broker_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="mqtt"):
        parse_mqtt_url(url)


def test_the_address_shows_no_secrets() -> None:
    assert Endpoint(host="h", port=1, username="u", password="secret").url == "mqtt://h:1"
