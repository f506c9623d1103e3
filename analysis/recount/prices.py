"""What a kilowatt-hour cost on a line: what events say of it, else its tariff; looked up minute by minute."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple

from analysis.recount.history import History
from fieldline.event_kinds import STOPS, VOID
from fieldline.recorded import recorded_s

MINUTE = 60_000_000_000
PRICE = "@price"


class Price(NamedTuple):
    """A price that an event told.

    start, end [ns UTC], None: no end was told; per_kwh : None where the tariff's holds from then on
    """

    start: int
    end: int | None
    per_kwh: float | None


def told_prices(history: History) -> list[Price]:
    """What counts of what events told of the line, in order of its beginning: of one moment what was entered or told last."""
    counts: dict[int, tuple[tuple[int, int, str], Price | None]] = {}
    for asset, tag in history.rows:
        if tag != PRICE or history.plant.line_of(asset) != history.line:
            continue
        for time, said in history.events(asset, PRICE):
            order = entered_s(said), time, asset
            for start, price in _said(time, said):
                if start not in counts or counts[start][0] < order:
                    counts[start] = order, price
    return [price for _, (_, price) in sorted(counts.items()) if price is not None]


def price_of(told: list[Price], minute: int) -> float | None:
    """What events say that a kilowatt-hour costs in a minute; None where they leave it to the tariff."""
    for price in reversed(told):
        if price.start <= minute and (price.end is None or minute < price.end):
            return price.per_kwh
    return None


class Stretch(NamedTuple):
    """A price from a moment on, and a factor; is_told : whether an event told it [ns UTC, money and kg CO2e / kWh]."""

    start: int
    per_kwh: float
    co2_kg: float
    is_told: bool


def worth_at(history: History, told: list[Price], minute: int) -> Stretch:
    """What a kilowatt-hour cost and emitted in a minute."""
    table, price = history.plant.price_table(history.line), price_of(told, minute)
    of_tariff, factor = table.price_at(minute, minute + 1)[1], table.co2_at(minute, minute + 1)[1]
    return Stretch(minute, float(of_tariff[0]) if price is None else price, float(factor[0]), price is not None)


def stretches(history: History, start: int, end: int) -> list[Stretch]:
    """Prices and factors in [start, end), one where any changes [ns UTC]."""
    table, told = history.plant.price_table(history.line), told_prices(history)
    bounds = {*table.price_at(start, end)[0].tolist(), *table.co2_at(start, end)[0].tolist()}
    bounds |= {-(-time // MINUTE) * MINUTE for price in told for time in price[:2] if time is not None}
    found = [worth_at(history, told, bound) for bound in sorted(bounds) if start <= bound < end]
    again = {later.start for before, later in pairwise(found) if str(before[1:]) == str(later[1:])}
    return [one for one in found if one.start not in again]


def entered_s(said: Mapping[str, Any]) -> int:
    """When it was entered, as an event tells it [s]; 0 where it does not."""
    return recorded_s(json.dumps({"recorded": said.get("recorded")}).encode()) or 0


def _said(time: int, said: dict[str, Any]) -> list[tuple[int, Price | None]]:
    """By the moment that it is told of, what an event tells; None where it takes back what was told of it."""
    start = moment(said.get("from"))
    start = time if start is None else start
    phase = str(said.get("phase") or "").lower()
    if phase:
        return [(start, None if phase == VOID else Price(start, None, None))] if phase == VOID or phase in STOPS else []
    per_kwh, per_mwh = said.get("price_per_kwh"), said.get("price_per_mwh")
    told, share = (per_kwh, 1) if per_kwh is not None else (per_mwh, 1000)
    if isinstance(told, list):
        step = round(said["every_s"] * 1e9)
        starts = [start + k * step for k in range(len(told))]
        return [(at, Price(at, at + step, price / share)) for at, price in zip(starts, told, strict=True)]
    return [(start, Price(start, moment(said.get("until")), told / share))] if told is not None else []


def moment(told: object) -> int | None:
    """Epoch seconds or ISO 8601, to the millisecond [ns UTC]."""
    if isinstance(told, str):
        moment = datetime.fromisoformat(told)
        told = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return round(told * 1000) * 1_000_000 if isinstance(told, int | float) and isfinite(told) else None
