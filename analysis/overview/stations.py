"""The stations of a line in one window: how long each worked, waited and stood, and which one holds the line back.

The bottleneck is the station that was active for the largest share of the time in which the line was to work: all but waiting for others
(Roser, Nakano and Tanaka 2001, see `analysis/productivity/line.py`). Waiting is `delay_loss_s`: a machine that is starved or blocked.
"""

from typing import NamedTuple

from analysis.overview.asked import Asked, Shown, shown
from analysis.productivity.line import busiest_station, cycle_time, line_efficiency, takt_time
from analysis.results import Row
from fieldline.errors import SettingsError

_ACTIVE = ("actual_production_time_s", "minor_stop_loss_s", "setup_loss_s", "down_time_loss_s")
_WAITING = "delay_loss_s"


class Station(NamedTuple):
    """A machine: what it did [s], its share of planned busy time that it was active [1], its pieces and their mean cycle [s]."""

    station: str
    production_s: float
    waiting_s: float
    setup_s: float
    down_s: float
    busy: float | None
    pieces: float | None
    cycle_s: float | None


class Stations(NamedTuple):
    """A line's stations, its bottleneck (None: none is known), the takt that a demand asks for, and how even the line is [1]."""

    shown: Shown
    stations: list[Station]
    bottleneck: str | None
    takt_s: float | None
    balance: float | None


def stations_of(asked: Asked, demand: float | None) -> Stations:
    """The stations of the line in the window that is asked for; demand : pieces wanted of it. Raises SettingsError without any."""
    if asked.is_above_lines:
        raise SettingsError(f"show stations is about a line with machines; {asked.asset} lies above lines")
    window, span = asked.span("losses")
    rows = asked.results.rows("losses", asked.asset, window, span.start, span.start + 1, is_below=True)
    losses = sorted(rows, key=lambda row: str(row["asset"]))
    if asked.plant.line_of(asked.asset) != asked.asset or not losses:
        raise SettingsError(
            f"there is no row of losses of a machine below {asked.asset} for the {window} that was asked for; "
            "show stations is about a line with machines"
        )
    stations = [_station(asked, row, window) for row in losses]
    known = [one for one in stations if one.busy is not None]
    busiest = busiest_station([one.busy or 0.0 for one in known], 1.0) if known else None
    cycles = [one.cycle_s for one in stations if one.cycle_s is not None]
    planned = max(map(_planned, losses))  # the line's own row adds its machines up
    return Stations(
        shown(asked, window, span),
        stations,
        known[busiest.station].station if busiest is not None and busiest.value > 0.0 else None,
        _number(float(takt_time(planned, demand))) if demand else None,
        _number(float(line_efficiency(cycles))) if len(cycles) > 1 else None,
    )


def _station(asked: Asked, row: Row, window: str) -> Station:
    time, asset = int(row["time"]), str(row["asset"])
    of_pieces = asked._replace(asset=asset).rows("quality", window, time, time + 1)
    pieces = of_pieces[0].get("total_count") if of_pieces else None
    planned, active = _planned(row), sum(row[name] or 0.0 for name in _ACTIVE)
    running = row["actual_production_time_s"] or 0.0
    return Station(
        asset.removeprefix(f"{asked.asset}/"),
        running,
        row[_WAITING] or 0.0,
        row["setup_loss_s"] or 0.0,
        row["down_time_loss_s"] or 0.0,
        active / planned if planned > 0.0 else None,
        pieces,
        _number(float(cycle_time(running, pieces))) if pieces else None,
    )


def _planned(row: Row) -> float:
    """Planned busy time: all that a machine did or waited while it was to work [s]."""
    return sum(row[name] or 0.0 for name in (*_ACTIVE, _WAITING))


def _number(value: float) -> float | None:
    return value if value == value else None
