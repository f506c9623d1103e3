"""How a trend is trained, and what the options leave open."""

from typing import Literal

import msgspec

from models.feature_table import TIME, UNIT, is_feature_table
from models.table import FILE, Table
from models.task import Options


class TrendOptions(Options, frozen=True, kw_only=True):
    """How a trend is trained.

    value : the column that wears towards `threshold`, from whichever side; threshold : in the column's unit
    time : column of the time or count of cycles; time_unit : its unit; unit : column of the machine or cell, `file` where each has a file.
        Without them `cycle` in cycles and `file`, and of a table of `fieldline metrics table` `time` in h and `unit`
    shape : linear, exponential, weibull, or best: the one that foretells the fleet's own units with the least error
    slope : a column that says how fast `value` changes by `time_unit`, as a field with `rolling_slope` does: the model then reads these two
        fields alone, so that the stream can score it; the shape is linear, and for wear that feeds on itself `value` is a logarithm
    units : of these fields where their names do not end in theirs, for a model that is kept, as "worn = mm"
    """

    value: str
    threshold: float
    time: str = ""
    time_unit: str = ""
    unit: str = ""
    shape: Literal["linear", "exponential", "weibull", "best"] = "best"
    slope: str = ""
    units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.slope and self.shape not in ("linear", "best"):
            raise ValueError(
                f"shape: expected linear beside slope, got {self.shape}; a field may be a logarithm instead"
            )


def for_table(options: TrendOptions, table: Table) -> TrendOptions:
    """The options with what they leave open, as it is of a table."""
    is_of_metric = is_feature_table(table.frame.columns)
    unit, time, time_unit = (UNIT, TIME, "h") if is_of_metric else (FILE, "cycle", "cycles")
    chosen = msgspec.structs.replace(
        options, unit=options.unit or unit, time=options.time or time, time_unit=options.time_unit or time_unit
    )
    return msgspec.structs.replace(chosen, shape="linear") if options.slope else chosen
