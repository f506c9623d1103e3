"""Where InfluxDB is: what is refused, and that no secret is repeated."""

import pytest

from delivery.influx_url import parse_influx_url
from fieldline.errors import SettingsError


@pytest.mark.parametrize(
    "url",
    [
        "http://h:8086/b?token=hunter2",
        "http://h:8086/b?api=v1&u=ann&p=hunter2",
        "http://ann:hunter2@h:8086/b",
        "http://ann:hunter2@h:x/b",
        "ftp://ann:hun/ter2@h/b?token=hunter2",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_influx_url(url)

    assert "hun" not in str(caught.value) and "ter2" not in str(caught.value)
