"""How remaining life is trained, and the fleet that a table holds by that."""

from typing import Literal

import msgspec

from fieldline.errors import SettingsError
from models.feature_table import ASSET, LABELS, TIME, is_feature_table
from models.life.fleet import Columns, Fleet, fleet_of
from models.table import FILE, Table
from models.task import Options

ROWS, FIELDS = "rows", "fields"


class RulOptions(Options, frozen=True, kw_only=True):
    """How remaining life is trained.

    unit, time : columns that say which machine a row is of and when it is; time_unit : of `time`, as cycles or h. Without them `cycle` in
        cycles, and of a table of `fieldline metrics table` `time` in h
    life : column of the life that is left [time_unit], rows without it are left out; without the column a unit fails at its last row
    history : rows: what is behind a row is made of the rows before it; fields: a row is what its own columns say, which are fields of a
        `[[metric]]` that remember by themselves, so that the stream can score it; auto: fields for a table of `fieldline metrics table`
    settings : columns that say how a machine is run; without them those whose name begins with `setting`; of fields none is told apart
    channels : columns to learn from; without them all others
    units : of fields whose names do not end in theirs, for a model that is kept, as "load = kW"
    cap : a life that is longer counts as this [time_unit]; far from the end a machine looks like a new one
    aim : what to be best at: rmse; phm08, where late costs more than early and predictions are lowered to suit; or safe: lowered as far as
        costs no more than 1 % of the rmse
    iterations : boosting steps of a bag; bags : models that are averaged, each on other rows
    """

    unit: str = "unit"
    time: str = ""
    time_unit: str = ""
    life: str = LABELS[0]
    history: Literal["auto", "rows", "fields"] = "auto"
    settings: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    cap: float = 125.0
    aim: Literal["rmse", "safe", "phm08"] = "safe"
    iterations: int = 350
    bags: int = 3

    def __post_init__(self) -> None:
        if not self.cap > 0:
            raise ValueError(f"cap: expected more than 0, got {self.cap:g}")
        if self.iterations < 1 or self.bags < 1:
            raise ValueError("bags: expected at least one bag of at least one iteration")
        if self.history == FIELDS and self.settings:
            raise ValueError("settings: expected none beside history = fields, where each column is a field")


def for_table(options: RulOptions, table: Table) -> RulOptions:
    """The options with what they leave open, as it is of a table. Raises SettingsError for units that nothing would have."""
    is_of_metric = is_feature_table(table.frame.columns)
    of_metric, of_cycles = (TIME, "h", FIELDS), ("cycle", "cycles", ROWS)
    time, unit, history = of_metric if is_of_metric else of_cycles
    chosen = history if options.history == "auto" and not options.settings else options.history.replace("auto", ROWS)
    if chosen == ROWS and options.units:
        raise SettingsError(
            "train: units: expected none beside history = rows, whose features are no columns of the table"
        )
    return msgspec.structs.replace(
        options, time=options.time or time, time_unit=options.time_unit or unit, history=chosen
    )


def fleet_in(table: Table, options: RulOptions) -> Fleet:
    """The fleet that a table holds by the columns that options name, which leave nothing open. Raises SettingsError."""
    # Of a feature table: what came of a row, not what it was like.
    told = (options.unit, options.time, options.life, *LABELS, ASSET, FILE)
    others = [name for name in table.frame.columns if name not in told]
    settings = options.settings
    if not settings and options.history == ROWS:
        settings = tuple(name for name in others if name.startswith("setting"))
    channels = options.channels or tuple(name for name in others if name not in settings)
    if not channels:
        raise SettingsError(f"train: {table.path.name}: expected channels beside {options.unit!r} and {options.time!r}")
    life = options.life if options.life in table.frame.columns else ""
    return fleet_of(table, Columns(options.unit, options.time, settings, channels, life))
