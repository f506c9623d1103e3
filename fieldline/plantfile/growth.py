"""What grows at an asset: `[asset.growth]`, by which warmth and cold are counted.

[asset.growth]
lower_degc = 10.0
upper_degc = 30.0
season_start = "04-15"
stages_kd = [120, 750, 1400]
chill_start = "10-01"
"""

from math import nan
from typing import Literal, get_args

import msgspec

from fieldline.plantfile.values import month_day, month_day_fault, number_fault, raise_faults

Method = Literal[
    "average",
    "modified",
    "sine_horizontal",
    "sine_vertical",
    "sine_intermediate",
    "triangle_horizontal",
    "triangle_vertical",
    "triangle_intermediate",
]
METHODS: tuple[str, ...] = get_args(Method)
"""By number: see `processing/kernels/growing_degree_days.py`."""
PREFIX = "growth_"
MOST_STAGES = 6


class GrowthEntry(msgspec.Struct, frozen=True, kw_only=True):
    """By which thresholds what grows at an asset counts its degree days, and from which day of each year on.

    lower_degc, upper_degc : growth begins above the lower one, and is limited above the upper one as the method says; None: nowhere
    method : how a day's degree days follow from its lowest and highest temperature
    season_start : MM-DD, the day of each year on which sums begin anew; stages_kd : the sums at which stages are reached, ascending
    chill_start : MM-DD, the day on which winter chill begins to count anew; None: chill is not counted
    """

    lower_degc: float
    upper_degc: float | None = None
    method: Method = "sine_horizontal"
    season_start: str
    stages_kd: tuple[float, ...] = ()
    chill_start: str | None = None

    def __post_init__(self) -> None:
        faults = [number_fault("lower_degc", self.lower_degc), number_fault("upper_degc", self.upper_degc)]
        faults += [number_fault("stages_kd", *self.stages_kd), month_day_fault("season_start", self.season_start)]
        if self.chill_start is not None:
            faults.append(month_day_fault("chill_start", self.chill_start))
        if self.upper_degc is not None and self.upper_degc <= self.lower_degc:
            faults.append(f"upper_degc: expected more than lower_degc, {self.lower_degc:g}, got {self.upper_degc:g}")
        if self.upper_degc is not None and self.method == "average":
            faults.append("upper_degc: method 'average' knows none; 'modified' is the mean with thresholds")
        if list(self.stages_kd) != sorted({*self.stages_kd}) or not all(stage > 0.0 for stage in self.stages_kd):
            faults.append(f"stages_kd: expected sums above 0, ascending, got {list(self.stages_kd)}")
        if len(self.stages_kd) > MOST_STAGES:
            faults.append(f"stages_kd: expected {MOST_STAGES} at most, got {len(self.stages_kd)}")
        raise_faults(faults)

    @property
    def numbers(self) -> dict[str, float]:
        """What metrics read of it, by `NUMBERS`; NaN where it is not declared."""
        stages = [*self.stages_kd, *[nan] * (MOST_STAGES - len(self.stages_kd))]
        upper, chill = self.upper_degc, self.chill_start
        said = {
            "lower_degc": self.lower_degc,
            "upper_degc": nan if upper is None else upper,
            "method": float(METHODS.index(self.method)),
            "season_start": float(month_day(self.season_start) or nan),
            "chill_start": nan if chill is None else float(month_day(chill) or nan),
            **{f"stage_{number}_kd": stage for number, stage in enumerate(stages, 1)},
        }
        return {PREFIX + key: value for key, value in said.items()}


STAGES = tuple(f"{PREFIX}stage_{number}_kd" for number in range(1, MOST_STAGES + 1))
NUMBERS = (*(PREFIX + key for key in ("lower_degc", "upper_degc", "method", "season_start", "chill_start")), *STAGES)
"""Names of the numbers that metrics read of it."""
