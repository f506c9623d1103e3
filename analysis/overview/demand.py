"""Demand of a window: by clock-aligned interval, its highest values, and what the interval that runs will come to.

Mean power over an interval as utilities and power meters have it (`processing/formulas/demand.py`): by block, by block that moves on by
five minutes, and by interval that moves on by a minute. A stretch of which a minute was not observed has no demand; it is never taken for
0. Blocks are made of quarter-hours where they can be: those are as `energy` has them, which allows for 5 % that was not observed.
"""

from typing import NamedTuple

import numpy as np

from analysis.overview.asked import Asked, Shown, shown
from analysis.overview.metered import MINUTE_NS, STEPS_NS, Found, Metered, find, meters_of, told
from analysis.spans import Span, span_at
from fieldline.moments import Moment
from fieldline.plantfile import TariffEntry
from fieldline.plantfile.tariffs import QUARTER_HOUR_S
from processing.formulas import demand as formulas

WINDOWS = ("day", "week", "month", "shift")
INTERVALS_S = (300, 600, 900, 1200, 1800, 3600)
"""What demand can be averaged over: whole sub-intervals of rolling blocks, in an hour without a rest. [s]"""
SUB_INTERVAL_MINUTES = 5
_SECOND = 1_000_000_000


class Block(NamedTuple):
    """An interval of the clock; demand_kw : None where it was not observed [kW]; coverage [1]."""

    time: Moment
    demand_kw: float | None
    coverage: float


class Peak(NamedTuple):
    """The highest demand and the beginning of its interval; None: there is none."""

    demand_kw: float | None
    time: Moment | None


class Running(NamedTuple):
    """The interval that runs. as_of : up to when readings tell of it.

    energy_kwh : drawn in it so far; power_kw : of the last minute; forecast_kw : its demand if that power stays; within_limit_kw : power
    that may be drawn in the rest of it so that it ends at the limit. None where a minute of it, or the limit, is not known.
    """

    time: Moment
    as_of: Moment
    energy_kwh: float | None
    power_kw: float
    forecast_kw: float | None
    within_limit_kw: float | None


class Demand(NamedTuple):
    """The demand of a window, of meters together.

    until : the window's end, of the newest window the last minute that readings tell of
    energy_kwh : what was observed; coverage : share of the time until then [kWh, 1]
    missing : stretches without demand, from and to
    """

    shown: Shown
    meters: list[str]
    interval_s: int
    until: Moment
    energy_kwh: float
    coverage: float
    mean_power_kw: float | None
    load_factor: float | None
    blocks: list[Block]
    block: Peak
    rolling_block: Peak
    sliding: Peak
    limit_kw: float | None
    running: Running | None
    missing: list[tuple[Moment, Moment]]


def demand_of(asked: Asked, interval_s: int | None = None, limit_kw: float | None = None) -> Demand:
    """The demand of the window that is asked for.

    interval_s : one of `INTERVALS_S`; None: the tariff's, else a quarter-hour [s]. limit_kw : None: the tariff's

    Raises SettingsError where there is no energy.
    """
    window = asked.window or "day"
    found = find(asked, window)
    contract = contract_of(asked, found, window)
    if interval_s is None:
        interval_s = QUARTER_HOUR_S if contract is None else contract.demand_interval
    if limit_kw is None and contract is not None:
        limit_kw = contract.demand_limit_kw
    minutes = told(asked, found.meters, "1m", found.span)
    until = minutes.end_of_demand if found.is_newest else found.span.end
    minutes = minutes.until(until)
    steps = told(asked, found.meters, steps_of(interval_s), found.span)
    blocks = blocks_of(asked, steps, interval_s, found.span)
    blocks = [block for block in blocks if block.time.time_ns + interval_s * _SECOND <= until]
    block = highest(blocks)
    return Demand(
        shown(asked, window, found.span),
        found.meters,
        interval_s,
        Moment(until, asked.zone),
        float(np.nansum(minutes.energy_kwh)),
        float(minutes.coverage.mean()) if len(minutes.coverage) else 0.0,
        *_evenness(minutes, block),
        blocks,
        block,
        _moving(asked, minutes, interval_s, SUB_INTERVAL_MINUTES),
        _moving(asked, minutes, interval_s, 1),
        limit_kw,
        _running(asked, minutes, interval_s, limit_kw) if until < found.span.end else None,
        _missing(asked, minutes),
    )


def contract_of(asked: Asked, found: Found, window: str) -> TariffEntry | None:
    """The terms of supply that hold for a path: of a line or what lies above lines, or of a line's only meter; no part's."""
    if (
        asked.asset != asked.line
        and meters_of(asked._replace(asset=asked.line), window, found.span.start) != found.meters
    ):
        return None
    return asked.plant.contract(asked.line)


def steps_of(interval_s: int) -> str:
    """The windows that intervals are made of, the longest that fit."""
    return "1m" if interval_s * _SECOND % STEPS_NS["15m"] else "15m"


def blocks_of(asked: Asked, steps: Metered, interval_s: int, span: Span) -> list[Block]:
    """The intervals of the clock in a span, of windows of `steps_of`; those at its ends that are not whole have no demand."""
    interval = interval_s * _SECOND
    samples = interval // steps.step
    first = (steps.start - _midnight(asked, span)) % interval // steps.step
    means = formulas.block_demand(steps.demand_kw, samples, first)
    shares = np.nan_to_num(formulas.block_demand(steps.coverage, samples, first))
    start = steps.start - first * steps.step
    return [
        Block(Moment(start + k * interval, asked.zone), _number(mean), float(share))
        for k, (mean, share) in enumerate(zip(means, shares, strict=True))
    ]


def highest(blocks: list[Block]) -> Peak:
    """The highest of blocks, of equals the first."""
    known = [block for block in blocks if block.demand_kw is not None]
    best = max(known, key=lambda block: block.demand_kw or 0.0, default=None)
    return Peak(None, None) if best is None else Peak(best.demand_kw, best.time)


def _midnight(asked: Asked, span: Span) -> int:
    """Where the local clock's intervals begin."""
    return span_at(asked.plant, asked.clock.path, "day", span.start).start


def _evenness(minutes: Metered, block: Peak) -> tuple[float | None, float | None]:
    """Mean power [kW] of the minutes that have a demand, and the load factor of these [1]."""
    known = minutes.demand_kw[~np.isnan(minutes.demand_kw)]
    energy_kwh, hours = float(known.sum() / 60), len(known) / 60
    factor = _number(formulas.load_factor(energy_kwh, block.demand_kw or np.nan, hours))
    return energy_kwh / hours if hours else None, factor


def _moving(asked: Asked, minutes: Metered, interval_s: int, step_minutes: int) -> Peak:
    """The highest demand of intervals that move on by some minutes, from a whole multiple of these on."""
    skipped = -(minutes.start // MINUTE_NS) % step_minutes
    means = formulas.rolling_block_demand(minutes.demand_kw[skipped:], interval_s // 60, step_minutes)
    if not len(means) or np.isnan(means).all():
        return Peak(None, None)
    place = int(np.nanargmax(means))
    start = minutes.start + (skipped + place * step_minutes) * MINUTE_NS
    return Peak(float(means[place]), Moment(start, asked.zone))


def _running(asked: Asked, minutes: Metered, interval_s: int, limit_kw: float | None) -> Running | None:
    """The interval that the last minute with a demand lies in, or that begins at its end."""
    known = np.flatnonzero(~np.isnan(minutes.demand_kw))
    if not len(known):
        return None
    as_of = minutes.start + (int(known[-1]) + 1) * MINUTE_NS
    elapsed = (as_of - span_at(asked.plant, asked.clock.path, "day", as_of).start) % (interval_s * _SECOND)
    first = (as_of - elapsed - minutes.start) // MINUTE_NS
    of_minutes = minutes.demand_kw[max(first, 0) : known[-1] + 1] if first >= 0 else np.array([np.nan])
    energy, power = float(of_minutes.sum() / 60), float(minutes.demand_kw[known[-1]])
    times = elapsed / _SECOND, interval_s
    limit = np.nan if limit_kw is None else limit_kw
    return Running(
        Moment(as_of - elapsed, asked.zone),
        Moment(as_of, asked.zone),
        _number(energy),
        power,
        _number(formulas.forecast_demand(energy, power, *times)),
        _number(formulas.power_within_limit(energy, limit, *times)),
    )


def _missing(asked: Asked, minutes: Metered) -> list[tuple[Moment, Moment]]:
    """Stretches of minutes without a demand, from and to."""
    is_missing = np.isnan(minutes.demand_kw)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_missing, [False]))))
    moments = [Moment(int(minutes.start + edge * MINUTE_NS), asked.zone) for edge in edges]
    return list(zip(moments[::2], moments[1::2], strict=True))


def _number(value: object) -> float | None:
    number = float(value)  # type: ignore[arg-type]
    return number if number == number else None
