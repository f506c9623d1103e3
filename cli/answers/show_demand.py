"""Demand of a window shown: by interval against its limit, its highest values, and what the interval that runs will come to."""

from collections.abc import Iterator
from typing import Any

from analysis.overview.asked import Asked
from analysis.overview.demand import SUB_INTERVAL_MINUTES, Demand, Running, demand_of
from cli.answers.show import head, named
from cli.report import Column, Data, Note, Piece, Quantity, Report, Stretch, Table, View
from cli.report.bars import duration
from cli.report.drawing import picture
from cli.report.skyline import Standing, skyline
from fieldline.moments import Moment

_LISTED = 3
"""How many stretches without demand are named."""


def report(asked: Asked, interval_s: int | None, limit_kw: float | None) -> Report:
    """The demand of a window. interval_s, limit_kw : None: the tariff's, see `demand_of`."""
    return Report(list(_pieces(demand_of(asked, interval_s, limit_kw))))


def _pieces(found: Demand) -> Iterator[Piece]:
    yield from head(found.shown)
    yield Data("until", found.until)
    yield Data("meters", found.meters)
    yield Data("interval_s", found.interval_s)
    yield Data("limit_kw", found.limit_kw)

    def draw(view: View) -> Any:
        title = f"{found.shown.asset}: demand of {found.interval_s // 60} min in kW, {named(found.shown, view)}"
        values = [Standing(block.time, block.demand_kw) for block in found.blocks]
        return skyline(values, found.limit_kw, view, title)

    yield picture("blocks", [block._asdict() for block in found.blocks], draw)
    yield _peaks(found)
    for name in ("energy_kwh", "mean_power_kw", "load_factor", "coverage"):
        yield Data(name, getattr(found, name))
    yield Note("{} drawn, mean power {}, load factor {}, coverage {}", _sums(found))
    yield Data("running", found.running and found.running._asdict())
    yield Data("missing", [{"from": start, "to": end} for start, end in found.missing])
    yield from _told_of(found.running, found.interval_s, found.limit_kw)
    yield from _told_of_missing(found.missing)


def _peaks(found: Demand) -> Table:
    """The highest demand in the three ways that meters have it."""
    peaks = {"block": found.block, "rolling_block": found.rolling_block, "sliding": found.sliding}
    rows = [
        {"of": name, "demand_kw": Quantity(peak.demand_kw, digits=2), "time": peak.time, "moves_on_by_min": step}
        for (name, peak), step in zip(peaks.items(), (found.interval_s // 60, SUB_INTERVAL_MINUTES, 1), strict=True)
    ]
    columns = [Column("of", heading="highest"), Column("moves_on_by_min", heading="every", unit="min")]
    return Table("peaks", [*columns, Column("demand_kw", heading="demand", unit="kW"), Column("time", "from")], rows)


def _sums(found: Demand) -> tuple[Quantity, ...]:
    return (
        Quantity(found.energy_kwh, "kWh", 2),
        Quantity(found.mean_power_kw, "kW", 2),
        Quantity(found.load_factor, digits=3),
        Quantity(found.coverage, digits=3),
    )


def _told_of(running: Running | None, interval_s: int, limit_kw: float | None) -> Iterator[Note]:
    """What the interval that runs will come to, and what its limit leaves."""
    if running is None:
        return
    end = running.time._replace(time_ns=running.time.time_ns + interval_s * 1_000_000_000)
    if running.forecast_kw is None:
        yield Note("runs: {}, of which not every minute is known: no forecast", (Stretch(running.time, end),))
        return
    yield Note(
        "runs: {}, known to {}; at the last minute's {} it comes to {}",
        (
            Stretch(running.time, end),
            running.as_of,
            *(Quantity(kw, "kW", 2) for kw in (running.power_kw, running.forecast_kw)),
        ),
    )
    if running.within_limit_kw is None or limit_kw is None:
        return
    limit = Quantity(limit_kw, "kW")
    if running.within_limit_kw < 0.0:
        yield Note("its limit of {} is passed already: nothing that may still be drawn keeps it", (limit,))
    else:
        within = Quantity(running.within_limit_kw, "kW", 2)
        yield Note("to stay within {}, {} may be drawn in the rest of it", (limit, within))


def _told_of_missing(missing: list[tuple[Moment, Moment]]) -> Iterator[Note]:
    if not missing:
        return
    total = sum(end.time_ns - start.time_ns for start, end in missing) / 1e9
    named = [Stretch(*stretch) for stretch in missing[:_LISTED]]
    more = f", and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
    yield Note("no demand is known of " + duration(total) + ": {}" + more, (named,))
