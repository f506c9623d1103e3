"""The broker's address."""

import pytest

from fieldline.errors import SettingsError
from ingest.endpoint import Endpoint, parse_mqtt_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://h", ("h", 1883, False, None)),
        ("mqtts://h", ("h", 8883, True, None)),
        ("mqtt://127.0.0.1:11883/", ("127.0.0.1", 11883, False, None)),
        ("mqtt://ann@[::1]:1", ("::1", 1, False, "ann")),
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


@pytest.mark.parametrize(
    "url", ["mqtt://ann:hunter2@h", "mqtt://ann:hun/ter2@h", "mqtts://:hunter2@h:1", "mqtt://ann:hunter2@h:x"]
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_mqtt_url(url)

    assert "password has no place" in str(caught.value)
    assert "hun" not in str(caught.value) and "ter2" not in str(caught.value)
