"""By whose clock lines together are shown."""

from typing import Any, cast

import pytest

from analysis.overview.asked import Asked
from analysis.rollup.clock import Clock, clock_of
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from fieldline.plantfile.assets import GroupEntry, LineEntry

BERLIN, TOKYO = (SiteEntry(path=path, time_zone=zone) for path, zone in (("a", "Europe/Berlin"), ("b", "Asia/Tokyo")))
PLANT = Plant(
    PlantFile(
        site=(BERLIN, TOKYO),
        line=tuple(LineEntry(path=path) for path in ("a/hall/line1", "a/hall/line2", "b/hall/line1")),
        group=(
            GroupEntry(path="department/one", lines=("a/hall/*",)),
            GroupEntry(path="department/both", lines=("b/hall/line1", "a/hall/*")),
        ),
    )
)


@pytest.mark.parametrize(
    ("path", "clock", "zone"),
    [
        ("department/one", Clock("a/hall/line1"), "Europe/Berlin"),
        ("department/both", Clock("a/hall/line1", ("b/hall/line1",)), "Europe/Berlin"),
        ("b/hall", Clock("b/hall/line1"), "Asia/Tokyo"),
        ("b/hall/line1/press", Clock("b/hall/line1"), "Asia/Tokyo"),
        ("c/hall", Clock("c/hall"), "UTC"),
    ],
)
def test_lines_together_are_shown_by_the_clock_that_most_of_them_share(path: str, clock: Clock, zone: str) -> None:
    assert clock_of(PLANT, path) == clock
    assert Asked(PLANT, cast(Any, None), path).zone == zone
