"""A plant file that leaves open which machine sets a line's OEE is told so."""

import pytest

from analysis.pacemakers import undeclared_pacemakers
from fieldline.plant import Plant
from fieldline.plantfile import AssetEntry, PlantFile, TagEntry
from fieldline.plantfile.assets import LineEntry

LINE = "plant/hall1/line1"
PRESS, PACKER = f"{LINE}/press", f"{LINE}/packer"


@pytest.mark.parametrize(
    ("line", "is_open"),
    [
        (None, True),
        (LineEntry(path=LINE, output=PACKER), False),
        (LineEntry(path=LINE, pacemaker=PRESS), False),
        (LineEntry(path=LINE, meters=(PRESS,)), True),
    ],
)
def test_lines_with_several_machines_that_count_and_no_pacemaker_are_named(
    line: LineEntry | None, is_open: bool
) -> None:
    assets = (
        AssetEntry(path=f"{LINE}/*", ideal_cycle_s=1.0),
        AssetEntry(path=PRESS, ideal_cycle_s=4.0),
        AssetEntry(path=PACKER, tags={"packed": TagEntry(kind="good_count")}),
        AssetEntry(path="plant/hall1/line2/press", ideal_cycle_s=4.0),
    )

    found = undeclared_pacemakers(Plant(PlantFile(asset=assets, line=() if line is None else (line,))))

    assert found == ({LINE: [PRESS, PACKER]} if is_open else {})
