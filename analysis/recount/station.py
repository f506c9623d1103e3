"""Reference evapotranspiration and rain of a weather station, worked out once more: sample by sample, by Python's own arithmetic.

Nothing here is shared with `processing/formulas`; equations are those of FAO Irrigation and Drainage Paper 56 and of ASCE-EWRI (2005).
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from math import acos, atan, cos, exp, isfinite, isnan, log, nan, pi, radians, sin, sqrt, tan
from typing import NamedTuple

from analysis.recount.history import History
from fieldline.plantfile import StationEntry

HOUR_NS = 3_600_000_000_000
LOOKED_BACK_H = 72
"""How far back the last hour with a high sun is looked for."""

TAGS = {
    "air_temperature_c": (-60.0, 60.0),
    "dew_point_c": (-70.0, 40.0),
    "humidity_pct": (1.0, 105.0),
    "wind_speed_m_s": (0.0, 60.0),
    "irradiance_w_m2": (-15.0, 1800.0),
    "sunshine_ratio": (0.0, 1.0),
}


class Span(NamedTuple):
    """A window of a station; start, end [ns UTC]."""

    history: History
    asset: str
    at: StationEntry
    start: int
    end: int

    @property
    def is_day(self) -> bool:
        return self.end - self.start > 20 * HOUR_NS

    @property
    def hours(self) -> float:
        return (self.end - self.start) / HOUR_NS

    def samples(self, tag: str) -> list[float]:
        """What a tag said in it."""
        rows = self.history.rows.get((self.asset, tag), [])
        inside = rows[bisect_left(rows, (self.start,)) : bisect_left(rows, (self.end,))]
        return [value for _, value in inside if isfinite(value)]

    def believed(self, tag: str) -> list[float]:
        """The same, nothing where it can't be right."""
        found, (low, high) = self.samples(tag), TAGS[tag]
        if not found or min(found) < low or max(found) > high:
            return []
        is_one = self.is_day and len(found) >= 24 and min(found) == max(found)
        return [] if is_one and not _may_stay(tag, found[0]) else found


def _may_stay(tag: str, value: float) -> bool:
    """Whether a sensor may say one value all day: saturated air, no sun, or nothing but sun."""
    if tag == "humidity_pct":
        return value >= 99.0
    return tag in ("irradiance_w_m2", "sunshine_ratio") and (value <= 0.0 or value == 1.0)


class Sun(NamedTuple):
    """Of a window: R_a [MJ/m²], the sine of the sun's height, N [h]."""

    outside: float
    height: float
    daylight_h: float


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _saturated(t: float) -> float:
    return 0.6108 * exp(17.27 * t / (t + 237.3))


def _sun(span: Span) -> Sun:
    middle = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(span.start + span.end) // 2 / 1000)
    local = middle + timedelta(hours=span.at.longitude_deg / 15.0)
    day, hour = (
        local.timetuple().tm_yday,
        (local - local.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(hours=1),
    )
    phi, delta = radians(span.at.latitude_deg), 0.409 * sin(2 * pi / 365 * day - 1.39)
    sunset = acos(min(max(-tan(phi) * tan(delta), -1.0), 1.0))
    near = 1 + 0.033 * cos(2 * pi / 365 * day)
    up, along = sin(phi) * sin(delta), cos(phi) * cos(delta)
    if span.is_day:
        outside = 24 * 60 / pi * 0.0820 * near * (sunset * up + along * sin(sunset))
        height = max(sin(0.85 + 0.3 * phi * sin(2 * pi / 365 * day - 1.39) - 0.42 * phi**2), 0.1)
        return Sun(max(outside, 0.0), height, 24 / pi * sunset)
    b = 2 * pi * (day - 81) / 364
    angle = pi / 12 * (hour + 0.1645 * sin(2 * b) - 0.1255 * cos(b) - 0.025 * sin(b) - 12)
    angle = (angle + pi) % (2 * pi) - pi
    ends = [angle + side * pi / 24 * span.hours for side in (-1, 1)]
    if sunset < pi:
        ends = [min(max(end, -sunset), sunset) for end in ends]
    outside = 12 * 60 / pi * 0.0820 * near * ((ends[1] - ends[0]) * up + along * (sin(ends[1]) - sin(ends[0])))
    return Sun(max(outside, 0.0), up + along * cos(angle), 24 / pi * sunset)


class Air(NamedTuple):
    """T, highest and lowest [°C], e_a and e_s [kPa], pressure [kPa]; NaN where nothing tells them. is_measured : humidity or dew point."""

    mean: float
    high: float
    low: float
    vapour: float
    saturated: float
    pressure: float
    is_measured: bool
    is_silent: bool


def _air(span: Span) -> Air:
    told = span.believed("air_temperature_c")
    pressure = 101.3 * ((293 - 0.0065 * span.at.altitude_m) / 293) ** 5.26
    silent = not span.samples("humidity_pct") and not span.samples("dew_point_c")
    if not told:
        return Air(nan, nan, nan, _dew(span, nan), nan, pressure, False, silent)
    high, low = max(told), min(told)
    mean = (high + low) / 2 if span.is_day else _mean(told)
    saturated = (_saturated(high) + _saturated(low)) / 2 if span.is_day else _saturated(mean)
    vapour, is_measured = _dew(span, high if span.is_day else mean), True
    humid = [min(value, 100.0) / 100 for value in span.believed("humidity_pct")]
    if isnan(vapour) and humid and span.is_day:
        vapour = (_saturated(low) * max(humid) + _saturated(high) * min(humid)) / 2
    elif isnan(vapour) and humid:
        vapour = _saturated(mean) * min(_mean(span.believed("humidity_pct")), 100.0) / 100
    elif isnan(vapour):
        vapour, is_measured = _saturated(low) if span.is_day else nan, False
    return Air(
        mean, high, low, min(vapour, saturated) if not isnan(vapour) else nan, saturated, pressure, is_measured, silent
    )


def _dew(span: Span, warmest: float) -> float:
    dew = span.believed("dew_point_c")
    return _saturated(_mean(dew)) if dew and not _mean(dew) > warmest + 0.5 else nan


def _clear(span: Span, sun: Sun, air: Air) -> float:
    if span.at.clear_sky == "altitude":
        return (0.75 + 2e-5 * span.at.altitude_m) * sun.outside
    sine, vapour = max(sun.height, 0.01), 1.0 if isnan(air.vapour) else air.vapour
    water = 0.14 * vapour * air.pressure + 2.1
    beam = 0.98 * exp(-0.00146 * air.pressure / sine - 0.075 * (water / sine) ** 0.4)
    return (beam + (0.35 - 0.36 * beam if beam >= 0.15 else 0.18 + 0.82 * beam)) * sun.outside


def _radiation(span: Span, sun: Sun, air: Air, clear: float) -> float:
    told = span.believed("irradiance_w_m2")
    measured = max(_mean(told), 0.0) * span.hours * 0.0036 if told else nan
    most = 1.15 * clear if span.is_day else 1.1 * clear + (0.9 if sun.outside > 0 else 0.25)
    is_dark = span.is_day and sun.outside > 1 and measured < 0.03 * sun.outside
    if measured <= most and not is_dark:
        return measured
    if sunny := span.believed("sunshine_ratio"):
        possible = sun.daylight_h if span.is_day else span.hours
        share = min(_mean(sunny) * span.hours / possible, 1.0) if possible else 0.0
        return (0.25 + 0.5 * share) * sun.outside
    if span.is_day:
        return 0.16 * sqrt(air.high - air.low) * sun.outside if not isnan(air.high) else nan
    return 0.0 if sun.outside == 0 else nan


def _cloudiness(span: Span) -> float:
    """R_s / R_so of a day, or of the last hour with a high sun."""
    for back in range(1 if span.is_day else LOOKED_BACK_H):
        one = span._replace(start=span.start - back * HOUR_NS, end=span.end - back * HOUR_NS)
        sun, air = _sun(one), _air(one)
        clear = _clear(one, sun, air)
        radiation = _radiation(one, sun, air, clear)
        is_seen = span.is_day or sun.height >= sin(0.3)
        is_there = any(one.samples(tag) for tag in (*TAGS, "reference_et_mm"))
        if is_there and is_seen and clear > 0 and not isnan(radiation):
            return min(max(radiation / clear, 0.3), 1.0)
    return 0.7


def et0(history: History, asset: str, start: int, end: int) -> dict[str, float]:
    """The fields of `et0` in a window [ns UTC] but for coverage; NaN where a value does not exist."""
    at = history.plant.asset_info(asset).station
    if at is None:
        return {}
    span = Span(history, asset, at, start, end)
    sun, air = _sun(span), _air(span)
    radiation = _radiation(span, sun, air, _clear(span, sun, air))
    told_wind = span.believed("wind_speed_m_s")
    wind = _mean(told_wind) * 4.87 / log(67.8 * at.wind_height_m - 5.42) if told_wind else 2.0
    warmth = ((air.high + 273.16) ** 4 + (air.low + 273.16) ** 4) / 2 if span.is_day else (air.mean + 273.16) ** 4
    emitted = (4.903e-9 if span.is_day else 2.043e-10) * warmth
    net = 0.77 * radiation - emitted * (0.34 - 0.14 * sqrt(air.vapour)) * (1.35 * _cloudiness(span) - 0.35)
    surfaces = (
        ((900, 0.34, 0.34, 0, 0), (1600, 0.38, 0.38, 0, 0))
        if span.is_day
        else ((37, 0.24, 0.96, 0.1, 0.5), (66, 0.25, 1.7, 0.04, 0.2))
    )
    short, tall = (_evaporated(air, wind, net, surface) for surface in surfaces)
    sensors = ("irradiance_w_m2", "wind_speed_m_s")
    if span.is_day and air.is_silent and not any(map(span.samples, sensors)) and not span.believed("sunshine_ratio"):
        short, tall = 0.0023 * (air.mean + 17.8) * sqrt(air.high - air.low) * 0.408 * sun.outside, nan
    told = span.samples("reference_et_mm")
    if told and 0 <= sum(told) <= 20:
        short = sum(told)
    humid = span.believed("humidity_pct")
    least = min(min(humid), 100.0) / 100 if humid else min(air.vapour / _saturated(air.high), 1.0)
    return {
        "et0_short_mm": short,
        "et0_tall_mm": tall,
        "vpd_kpa": air.saturated - air.vapour,
        "dew_point_degc": (116.91 + 237.3 * log(air.vapour)) / (16.78 - log(air.vapour)),
        "wet_bulb_degc": _wet_bulb(air),
        "wind_2m_m_s": wind,
        "solar_radiation_mj_m2": radiation,
        "net_radiation_mj_m2": net,
        "humidity_min_ratio": least,
    }


def _evaporated(air: Air, wind: float, net: float, surface: tuple[float, ...]) -> float:
    numerator, by_day, by_night, ground_by_day, ground_by_night = surface
    is_day = net > 0
    ground = net * (ground_by_day if is_day else ground_by_night)
    slope = 4098 * _saturated(air.mean) / (air.mean + 237.3) ** 2
    gamma = 0.000665 * air.pressure
    above = 0.408 * slope * (net - ground) + gamma * numerator / (air.mean + 273) * wind * (air.saturated - air.vapour)
    return above / (slope + gamma * (1 + (by_day if is_day else by_night) * wind))


def _wet_bulb(air: Air) -> float:
    share = air.vapour / _saturated(air.mean)
    t, rh = air.mean, 100 * share
    if share > 0.99:
        return t
    if not (rh >= 5 and -20 <= t <= 50):
        return nan
    found = t * atan(0.151977 * sqrt(rh + 8.313659)) + atan(t + rh) - atan(rh - 1.676331)
    return found + 0.00391838 * rh**1.5 * atan(0.023101 * rh) - 4.686035
