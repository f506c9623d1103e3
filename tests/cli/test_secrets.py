"""A secret in an InfluxDB URL is refused by every verb that takes one, and no verb prints it."""

from collections.abc import Callable

import pytest
from typer.testing import Result

SECRET = "s3cr3t-w0rd"
VERBS = (
    ("check",), ("run",), ("deliver",), ("deliver", "--again"), ("query", "energy"), ("doctor",),
    ("show", "oee", "--asset", "p/h/l"), ("explain", "oee", "--asset", "p/h/l", "--at", "-1h"),
)  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{SECRET}@127.0.0.1:1/b?org=o",
        f"http://{SECRET}@127.0.0.1:1/b?org=o",
        f"http://127.0.0.1:1/b?org=o&token={SECRET}",
        f"http://127.0.0.1:1/b?api=v1&u=me&p={SECRET}",
        f"http://127.0.0.1:1/b?org=o&Password={SECRET}",
        f"http://127.0.0.1:1/b?org=o&odd={SECRET}",
        f"http://127.0.0.1:1/?token={SECRET}",
        f"ftp://me:{SECRET}@h/b",
    ],
)
def test_a_secret_in_a_url_is_refused_and_never_printed(
    verb: tuple[str, ...], url: str, fieldline: Callable[..., Result]
) -> None:
    result = fieldline(*verb, "--influx", url)

    assert result.exit_code != 0 and SECRET not in result.output + result.stderr
    assert "influx" in result.output + result.stderr
