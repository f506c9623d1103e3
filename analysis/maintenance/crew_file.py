"""The file that says what a plan of maintenance has to work with: crew hours, spare parts, production.

crew_hours = 8                       # of each shift
crew_hours_of = { night = 0 }        # of shifts by name, where it is another number

[parts]
"bearing 6205" = 1                   # how many are there

[[order]]                            # production that a stop would hold up
line = "plant/hall1/line1"
from = 2026-12-01T06:00:00+01:00
until = 2026-12-01T20:00:00+01:00
stop_cost_per_h = 900
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from analysis.maintenance.work import HOUR_NS, Order, Shift
from fieldline.errors import SettingsError
from fieldline.plant import Plant
from fieldline.plantfile.values import Name, NotNegative
from fieldline.tables import read_toml, to_struct

_EPOCH = datetime.fromtimestamp(0, UTC)
_BLOCK_NS = 8 * HOUR_NS


class OrderEntry(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from"}):
    """An order that is planned. stop_cost_per_h : what an hour costs in which the line stands meanwhile."""

    line: Name
    start: datetime
    until: datetime
    stop_cost_per_h: NotNegative

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.until.tzinfo is None:
            raise ValueError("expected from and until with their zone, such as 2026-01-31T06:00:00Z")
        if self.start >= self.until:
            raise ValueError(f"expected from before until, got {self.start.isoformat()} and {self.until.isoformat()}")


class CrewFile(msgspec.Struct, frozen=True, kw_only=True):
    """See the module."""

    crew_hours: NotNegative
    crew_hours_of: dict[Name, NotNegative] = {}
    parts: dict[Name, NotNegative] = {}
    order: tuple[OrderEntry, ...] = ()

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders in nanoseconds."""
        return tuple(Order(one.line, _ns(one.start), _ns(one.until), one.stop_cost_per_h) for one in self.order)


def read_crew(path: Path) -> CrewFile:
    """Read the file. Raises SettingsError for all that is wrong in it."""
    wrong: list[str] = []
    table: dict[str, Any] = read_toml(path)
    found = to_struct(CrewFile, table, str(path), wrong)
    if wrong:
        raise SettingsError("\n".join(wrong))
    return found


def shifts_of(plant: Plant, line: str, file: CrewFile, now: int, count: int) -> tuple[Shift, ...]:
    """The next shifts of a line's calendar that begin from now on, or where it has none stretches of eight hours [ns UTC]."""
    horizon = now + count * 7 * 24 * HOUR_NS
    there = [shift for shift in plant.calendar(line).shifts(now, horizon) if shift.start_ns >= now][:count]
    if there:
        return tuple(
            Shift(f"{one.name} {one.day}", one.start_ns, one.end_ns, file.crew_hours_of.get(one.name, file.crew_hours))
            for one in there
        )
    begin = -(-now // HOUR_NS) * HOUR_NS
    starts = range(begin, begin + count * _BLOCK_NS, _BLOCK_NS)
    return tuple(Shift(_named(start), start, start + _BLOCK_NS, file.crew_hours) for start in starts)


def _named(start: int) -> str:
    return f"from {datetime.fromtimestamp(start / 1e9, UTC):%Y-%m-%d %H:%M} UTC"


def _ns(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds()) * 1_000_000_000
