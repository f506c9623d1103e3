"""Control chart of what an asset counts in windows: `[asset.attribute_chart]`, with limits that Phase I found.

Defaults: of the rules the first two, as of charts of readings (`fieldline/plantfile/spc.py`).
"""

from math import nan
from typing import Literal, get_args

import msgspec

from fieldline.plantfile.spc import RULES, rule_faults
from fieldline.plantfile.values import Positive, number_fault, raise_faults
from fieldline.windows import WINDOWS

Chart = Literal["p", "np", "c", "u", "laney_p", "laney_u"]
Count = Literal["scrap_count", "rework_count"]
CHARTS: tuple[str, ...] = get_args(Chart)
COUNTS: tuple[str, ...] = get_args(Count)
OF_SHARES, OF_LANEY = ("p", "laney_p"), ("laney_p", "laney_u")
PREFIX = "attribute_chart_"


class AttributeChartEntry(msgspec.Struct, frozen=True, kw_only=True):
    """How an asset's counts are charted. Centre and sigma_z are those of Phase I, and frozen.

    chart : defective units, as a share (p, laney_p) or a number (np); or defects, as a number (c) or by units (u, laney_u)
    every : the window whose counts make a point
    count : which field of `quality` counts the defective units or the defects; units are its `total_count`
    n : of np the units that each window has
    center : the centre line, in the unit of the points
    sigma_z : of Laney's charts, by how much windows vary more than chance
    rules : run rules, see `SpcEntry`
    """

    chart: Chart
    every: Literal["15m", "1h", "day"] = "1h"
    count: Count = "scrap_count"
    n: Positive | None = None
    center: Positive
    sigma_z: Positive | None = None
    rules: tuple[str, ...] = ("nelson1", "nelson2")

    def __post_init__(self) -> None:
        numbers = [number_fault(key, getattr(self, key)) for key in ("n", "center", "sigma_z")]
        raise_faults([*numbers, *_key_faults(self), _center_fault(self), *rule_faults(self.rules)])

    @property
    def numbers(self) -> dict[str, float]:
        """What it says as numbers, each under its key behind `PREFIX`, NaN where it says nothing.

        Words are their places: of `chart` in `CHARTS`, of `every` in `fieldline.windows.WINDOWS`, of `count` in `COUNTS`; rules are the
        sum of 2 to the power of their places in `RULES`.
        """
        said = {
            "chart": CHARTS.index(self.chart),
            "every": WINDOWS.index(self.every),
            "count": COUNTS.index(self.count),
            "n": self.n,
            "center": self.center,
            "sigma_z": self.sigma_z,
            "rules": sum(1 << RULES.index(rule) for rule in self.rules),
        }
        return {PREFIX + key: nan if value is None else float(value) for key, value in said.items()}


NUMBERS = tuple(PREFIX + key for key in AttributeChartEntry.__struct_fields__)
"""Names of the numbers that a chart says."""


def _key_faults(entry: AttributeChartEntry) -> list[str]:
    """Keys that a chart needs, and keys that it has no use for."""
    faults = []
    for key, charts, why in (
        ("n", ("np",), "the units that each window has"),
        ("sigma_z", OF_LANEY, "by how much windows vary more than chance; fieldline limits gives it"),
    ):
        is_told = getattr(entry, key) is not None
        if is_told and entry.chart not in charts:
            faults.append(f"{key}: chart {entry.chart!r} has none, only {' and '.join(charts)}")
        if not is_told and entry.chart in charts:
            faults.append(f"{key}: expected a number with chart {entry.chart!r}: {why}")
    return faults


def _center_fault(entry: AttributeChartEntry) -> str:
    if entry.chart in OF_SHARES and entry.center >= 1.0:
        return f"center: expected a share between 0 and 1 with chart {entry.chart!r}, got {entry.center:g}"
    if entry.chart == "np" and entry.n is not None and entry.center >= entry.n:
        return f"center: expected fewer defective units than n, {entry.n:g}, got {entry.center:g}"
    return ""
