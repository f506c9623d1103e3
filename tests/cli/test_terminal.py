"""What a person at the terminal sees beside a report."""

from pathlib import Path

import pytest

from analysis.spans import span_at
from cli.terminal import errors_in_utc
from fieldline.errors import SettingsError
from fieldline.plant import load_plant

PLANT = """
time_zone = "Europe/Berlin"

[[calendar]]
[[calendar.shift]]
name = "early"
start = "06:00"
end = "14:00"
days = ["mon"]
"""
EVENING_NS = 1_705_352_400_000_000_000
"""Monday 2024-01-15T21:00Z."""


@pytest.mark.parametrize(
    ("is_utc", "error"),
    [
        (
            False,
            "no shift of p/a/l holds 2024-01-15T22:00+01:00: near it are early 2024-01-15T06:00+01:00 to 2024-01-15T14:00+01:00",
        ),
        (True, "no shift of p/a/l holds 2024-01-15T21:00Z: near it are early 2024-01-15T05:00Z to 2024-01-15T13:00Z"),
    ],
)
def test_errors_name_times_in_the_zone_of_the_site_or_in_utc_where_that_is_asked_for(
    is_utc: bool, error: str, tmp_path: Path
) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(PLANT)
    plant = load_plant(file)

    with pytest.raises(SettingsError) as raised, errors_in_utc(is_utc):
        span_at(plant, "p/a/l", "shift", EVENING_NS)

    assert str(raised.value) == error
