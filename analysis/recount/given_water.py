"""Rain and irrigation, worked out once more: window by window from a line's first row on, by Python's own arithmetic."""

from bisect import bisect_left
from math import inf, isfinite, isnan, nan
from typing import NamedTuple

from analysis.recount.history import History
from analysis.spans import Span, span_at

_MOST_DAYS = 4_000


class Days(NamedTuple):
    """A line's windows, oldest first, and its rows."""

    history: History
    spans: list[Span]

    def samples(self, asset: str, tag: str, span: Span) -> list[float]:
        """What a tag said in a window."""
        rows = self.history.rows.get((asset, tag), [])
        inside = rows[bisect_left(rows, (span.start,)) : bisect_left(rows, (span.end,))]
        return [value for _, value in inside if isfinite(value)]

    def flowed(self, asset: str, tag: str, span: Span) -> float:
        """What flowed in a window, by a rate an hour: each value holds until the next, at most the tag's maximum gap; NaN without any."""
        if not self.samples(asset, tag, span):
            return nan
        gap = int(self.history.info(asset, tag).max_gap_s * 1e9)
        rows = [(time, value) for time, value in self.history.rows[asset, tag] if isfinite(value)]
        total = 0.0
        for place, (time, value) in enumerate(rows):
            until = min(rows[place + 1][0] if place + 1 < len(rows) else inf, time + gap, span.end)
            total += max(until - max(time, span.start), 0) * value / 3.6e12
        return total


def days_until(history: History, window: str, end: int) -> Days:
    """The windows of a line from its first row to a time [ns UTC]; none where there are too many to go through."""
    at = min((rows[0][0] for rows in history.rows.values() if rows), default=end)
    spans: list[Span] = []
    while at < end:
        spans.append(span_at(history.plant, history.line, window, at))
        at = spans[-1].end
        if len(spans) > _MOST_DAYS * (24 if window == "1h" else 1):
            return Days(history, [])
    return Days(history, spans)


def rain(days: Days, asset: str) -> dict[int, float]:
    """Rain by window; NaN where it can't be."""
    found, last, doubted = dict[int, float](), nan, False
    for span in days.spans:
        shown, told = (days.samples(asset, tag, span) for tag in ("rain_mm", "rain_interval_mm"))
        if not shown and not told:
            continue
        fell = _counted(last, shown) if shown else sum(told)
        is_possible = 0 <= fell <= (1000 if span.end - span.start > 20 * 3600e9 else 300)
        found[span.start] = fell if is_possible else nan
        if shown:
            is_shown = shown[-1] >= 0 and (is_possible or doubted)
            last, doubted = shown[-1] if is_shown else last, not is_possible and not is_shown
    return found


def _counted(before: float, shown: list[float]) -> float:
    least, most, last = min(shown), max(shown), shown[-1]
    if least < 0:
        return nan
    start = least if isnan(before) else before
    if last >= most and least >= start:
        return last - start
    return last + (max(most - start, 0) if most > last else 0)


def irrigation(days: Days, asset: str) -> dict[int, dict[str, float]]:
    """The fields of `irrigation` by day."""
    of, water = days.history.plant.field_numbers(asset), days.history.plant.tie(asset, "water")
    found, last = dict[int, dict[str, float]](), {"": nan, "own": nan}
    for span in days.spans:
        volumes = []
        for name, meter in (("", water), ("own", asset)):
            flow = days.samples(meter, "flow_m3_h", span) if meter else []
            volumes += [
                (-1.0 if min(flow) < -0.5 else max(days.flowed(meter, "flow_m3_h", span), 0.0)) if flow else nan
            ]
            shown = days.samples(meter, "water_m3", span) if meter else []
            volumes += [(-1.0 if shown[-1] < 0 else _counted(last[name], shown)) if shown else nan]
            last[name] = shown[-1] if shown and shown[-1] >= 0 else last[name]
        told = days.samples(asset, "irrigation_mm", span)
        volumes += [sum(told) * 10 * of["field_area_ha"] if told else nan]
        there = [volume for volume in volumes if not isnan(volume)]
        tags = [(meter, tag) for meter in (water, asset) for tag in ("flow_m3_h", "water_m3") if meter]
        if there or any(days.samples(*one, span) for one in tags):
            volume = there[0] if there and there[0] >= 0 and there[0] / (10 * of["field_area_ha"]) <= 500 else nan
            gross = volume / (10 * of["field_area_ha"])
            found[span.start] = {"volume_m3": volume, "gross_mm": gross, "net_mm": gross * of["field_efficiency"]}
    return found


def newest_rain(days: Days, asset: str) -> dict[str, float]:
    """The fields of `rain`."""
    found = rain(days, asset)
    return {"rain_mm": found[days.spans[-1].start]} if days.spans and days.spans[-1].start in found else {}


def newest_irrigation(days: Days, asset: str) -> dict[str, float]:
    """The fields of `irrigation`."""
    return irrigation(days, asset).get(days.spans[-1].start, {}) if days.spans else {}
