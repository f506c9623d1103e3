"""What happens on the estate: dry weather of the tropics, one night of irrigation, and what its probe says, right or stuck."""

from math import cos, pi, radians, sin
from typing import NamedTuple

from ingest.simulator.devices import DAY_NS, SECOND_NS, day_of
from ingest.simulator.estate.declared import FIELDS, LATITUDE_DEG, LONGITUDE_DEG
from ingest.simulator.noise import draw, noise_key

HOUR_NS = 3600 * SECOND_NS
SOLAR_CONSTANT_W_M2 = 1361.0
IRRIGATED_DAYS_AGO, STUCK_DAYS_AGO = 3, 2
"""Before the day on which the plant is switched on: the night of the irrigation, and the day from which the probe is stuck."""
IRRIGATED_HOURS = (0.0, 8.0)
"""The valve is open from midnight to eight in the morning [h]."""
DRIES_MM_DAY = 5.5
_RIGHT_MM = 8.0
"""What the probe's ground lacks right after the irrigation."""


class Estate(NamedTuple):
    """A seed, and the day on which the plant is switched on (UTC days since 1970)."""

    seed: int
    today: int

    def weather(self, time_ns: int) -> dict[str, float]:
        """What the station measures at a time, the mean of the hour around it."""
        hour, day = time_ns % DAY_NS / HOUR_NS, day_of(time_ns)
        warmth = cos(2.0 * pi * (hour - 15.0) / 24.0)
        clear = 0.52 + 0.14 * self._draw("clouds", day)
        light = SOLAR_CONSTANT_W_M2 * clear * max(_sun_height(day, hour), 0.0)
        return {
            "air_temperature_c": round(
                28.0 + self._draw("warm", day) + 6.5 * warmth + 0.3 * self._of("air", time_ns), 2
            ),
            "humidity_pct": round(46.0 - 20.0 * warmth + 4.0 * self._of("humidity", time_ns), 1),
            "wind_speed_m_s": round(1.4 + 0.8 * max(warmth, 0.0) + 0.6 * self._of("wind", time_ns), 2),
            "irradiance_w_m2": round(light * (0.94 + 0.06 * self._of("light", time_ns)), 1),
            "rain_mm": 0.0,
        }

    def canopy(self, time_ns: int) -> dict[str, float]:
        """What a field's own thermometer measures: leaves are somewhat cooler than the air."""
        return {"canopy_temperature_c": round(self.weather(time_ns)["air_temperature_c"] - 1.5, 2)}

    def water(self, time_ns: int) -> dict[str, float]:
        """What the valve's meter counted since it was built in [m³]."""
        night = (self.today - IRRIGATED_DAYS_AGO) * DAY_NS
        first, last = (night + int(hour * HOUR_NS) for hour in IRRIGATED_HOURS)
        open_h = (min(max(time_ns, first), last) - first) / HOUR_NS
        return {"water_m3": round(8_250.0 + FIELDS[0].system.flow_m3_h * open_h, 1)}

    def soil(self, time_ns: int) -> dict[str, float]:
        """What the probe says of the root zone, by volume: what its ground lacks, with noise; one value once it is stuck."""
        time_ns = min(time_ns, (self.today - STUCK_DAYS_AGO) * DAY_NS)
        days = time_ns / DAY_NS - (self.today - IRRIGATED_DAYS_AGO) - IRRIGATED_HOURS[1] / 24.0
        lacks = _RIGHT_MM + DRIES_MM_DAY * (days if days >= 0.0 else days + 9.0)
        (_, root_m), of_soil = FIELDS[0].crop.root_m, FIELDS[0].soil
        content = of_soil.field_capacity - max(lacks, 0.0) / 1000.0 / root_m
        return {"moisture_pct": round(100.0 * content + 0.1 * self._of("soil", time_ns), 2)}

    def _of(self, name: str, time_ns: int) -> float:
        return self._draw(name, time_ns // (HOUR_NS // 2))

    def _draw(self, name: str, index: int) -> float:
        return draw(noise_key(self.seed, "estate", name), index)


def _sun_height(day: int, hour: float) -> float:
    """The sine of the sun's elevation, to a degree or so."""
    latitude, declination = radians(LATITUDE_DEG), radians(-23.44) * cos(2.0 * pi * (day % 365.2425 + 10.0) / 365.2425)
    angle = pi / 12.0 * (hour + LONGITUDE_DEG / 15.0 - 12.0)
    return sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(angle)
