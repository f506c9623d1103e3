"""The farm: a field with a weather station, soil probes, an irrigation pump and a tractor, and a barn beside it."""

from collections.abc import Iterator

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, Event, Quiet, Waveform
from ingest.simulator.meter import Meter
from ingest.simulator.noise import drifting, noise_key, white
from ingest.simulator.schedule import DAY_S

_HOUR_S = 3600
PUMP_ON_S = (600, 2_100)
"""The pump irrigates from minute 10 to minute 35 of every hour: often enough to be seen in a short demo."""


class WeatherStation(Quiet):
    """Weather every 10 s; a year's and a day's course with drifting clouds. `rain_mm` counts since midnight UTC."""

    def __init__(self, seed: int, asset: str) -> None:
        self.asset = asset
        self.period_ns = 10 * SECOND_NS
        self._seed = seed

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        clouds = 0.5 + 0.5 * self._drift("clouds", times_ns, 1800.0)
        height = sun_height(times_ns)
        air = air_temperature_c(times_ns) + 1.5 * self._drift("air", times_ns, 1200.0)
        humidity = np.clip(70.0 - 25.0 * height + 12.0 * self._drift("humidity", times_ns, 2400.0), 15.0, 100.0)
        wind = np.abs(3.0 + 2.5 * self._drift("wind", times_ns, 300.0))
        pressure = 1013.0 + 9.0 * self._drift("pressure", times_ns, 43_200.0)
        return {
            "air_temperature_c": np.round(air, 2),
            "humidity_pct": np.round(humidity, 1),
            "wind_speed_m_s": np.round(wind, 2),
            "irradiance_w_m2": np.round(950.0 * np.maximum(height, 0.0) * (1.0 - 0.7 * clouds), 1),
            "rain_mm": np.round(self._rain_mm(times_ns), 1),
            "pressure_hpa": np.round(pressure, 1),
        }

    def _drift(self, name: str, times_ns: np.ndarray, period_s: float) -> np.ndarray:
        return drifting(noise_key(self._seed, self.asset, name), times_ns, period_s)

    def _rain_mm(self, times_ns: np.ndarray) -> np.ndarray:
        """Rain since midnight: each hour brings what its draw says, evenly [mm]."""
        day = int(times_ns[0]) // DAY_NS
        hours = np.arange(24, dtype=np.int64)
        per_hour = np.maximum(white(noise_key(self._seed, self.asset, "rain"), day * 24 + hours) - 0.8, 0.0) * 20.0
        total = np.concatenate(([0.0], np.cumsum(per_hour)))
        return np.interp(times_ns % DAY_NS, np.arange(25) * _HOUR_S * SECOND_NS, total)


class SoilProbe(Quiet):
    """A soil probe every minute: water content that falls until irrigation, temperature and conductivity."""

    def __init__(self, seed: int, asset: str) -> None:
        self.asset = asset
        self.period_ns = 60 * SECOND_NS
        self._seed = seed

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        within = (times_ns // SECOND_NS) % _HOUR_S
        wet = np.interp(within, [0, PUMP_ON_S[0], PUMP_ON_S[1], _HOUR_S], [0.0, -0.4, 1.2, 0.0])
        level = 27.0 + 3.0 * drifting(noise_key(self._seed, self.asset, "moisture"), times_ns, 21_600.0)
        soil = 0.5 * air_temperature_c(times_ns - 3 * _HOUR_S * SECOND_NS) + 6.0
        salt = 1.4 + 0.2 * drifting(noise_key(self._seed, self.asset, "salt"), times_ns, 43_200.0)
        return {
            "moisture_pct": np.round(level + wet, 2),
            "soil_temperature_c": np.round(soil, 2),
            "conductivity_ds_m": np.round(salt, 3),
        }


class Pump:
    """The irrigation pump: metered, with flow and pressure, and an event when irrigation starts and stops."""

    def __init__(self, seed: int, asset: str, period_ns: int = SECOND_NS) -> None:
        self.asset = asset
        self.period_ns = period_ns
        self._seed = seed
        self._meter = Meter(seed, asset, 11.0 * 10 + 0.05 * 14, 0.05, self._power_shape)

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        on = _is_on(times_ns // SECOND_NS)
        rough = white(noise_key(self._seed, self.asset, "flow"), times_ns // SECOND_NS)
        return {
            "power_kw": self._meter.power_kw(times_ns),
            "energy_kwh": self._meter.register_kwh(times_ns),
            "flow_m3_h": np.round(np.where(on, 36.0 + 0.5 * rough, 0.0), 2),
            "pressure_bar": np.round(np.where(on, 4.2 + 0.1 * rough, 0.6), 2),
        }

    def events(self, start_ns: int, stop_ns: int, *, announce: bool = False) -> Iterator[Event]:
        for hour in range(start_ns // (_HOUR_S * SECOND_NS), stop_ns // (_HOUR_S * SECOND_NS) + 1):
            for second, phase in zip(PUMP_ON_S, ("start", "stop"), strict=True):
                time_ns = (hour * _HOUR_S + second) * SECOND_NS
                if start_ns <= time_ns < stop_ns:
                    yield Event(time_ns, self.asset, {"event": "irrigation", "phase": phase})

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        return iter(())

    def _power_shape(self, day: int) -> np.ndarray:
        seconds = day * DAY_S + np.arange(DAY_S, dtype=np.int64)
        rough = white(noise_key(self._seed, self.asset, "power"), seconds)
        return np.where(_is_on(seconds), 11.0 * (1.0 + 0.02 * rough), 0.05)


class Tractor(Quiet):
    """A tractor that works every other hour, up and down rows of 300 m, and stands in the yard between."""

    def __init__(self, seed: int, asset: str, period_ns: int = SECOND_NS) -> None:
        self.asset = asset
        self.period_ns = period_ns
        self._key = noise_key(seed, asset)

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        seconds = times_ns / SECOND_NS
        works = (times_ns // (_HOUR_S * SECOND_NS)) % 2 == 0
        within = np.where(works, seconds % _HOUR_S, 0.0)
        row, along = np.divmod(within * 2.2, 300.0)  # 2.2 m/s are some 8 km/h
        along = np.where(row % 2 == 0, along, 300.0 - along)
        rough = white(self._key, times_ns // SECOND_NS)
        return {
            "speed_km_h": np.round(np.where(works, 7.92 + 0.2 * rough, 0.0), 2),
            "engine_rpm": np.round(np.where(works, 1650.0 + 40.0 * rough, 0.0)),
            "fuel_rate_l_per_h": np.round(np.where(works, 14.0 + 1.5 * rough, 0.0), 2),
            "latitude_deg": np.round(48.13 + along / 111_320.0, 7),
            "longitude_deg": np.round(11.58 + row * 3.0 / 74_300.0, 7),
        }


class BarnClimate(Quiet):
    """The climate of a barn every 5 s; its fans are metered and follow the temperature."""

    def __init__(self, seed: int, asset: str) -> None:
        self.asset = asset
        self.period_ns = 5 * SECOND_NS
        self._seed = seed
        self._meter = Meter(seed, asset, 3.2 * 24, 2.0, self._power_shape)

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        temperature = 17.0 + 0.25 * air_temperature_c(times_ns) + self._drift("temperature", times_ns, 900.0)
        return {
            "temperature_c": np.round(temperature, 2),
            "humidity_pct": np.round(68.0 + 8.0 * self._drift("humidity", times_ns, 1800.0), 1),
            "co2_ppm": np.round(1400.0 + 500.0 * self._drift("co2", times_ns, 1500.0)),
            "ammonia_ppm": np.round(12.0 + 6.0 * self._drift("ammonia", times_ns, 2700.0), 1),
            "power_kw": self._meter.power_kw(times_ns),
            "energy_kwh": self._meter.register_kwh(times_ns),
        }

    def _drift(self, name: str, times_ns: np.ndarray, period_s: float) -> np.ndarray:
        return drifting(noise_key(self._seed, self.asset, name), times_ns, period_s)

    def _power_shape(self, day: int) -> np.ndarray:
        times_ns = (day * DAY_S + np.arange(DAY_S, dtype=np.int64)) * SECOND_NS
        return np.maximum(0.4, 3.0 + 0.08 * air_temperature_c(times_ns) + 0.5 * self._drift("fans", times_ns, 600.0))


def sun_height(times_ns: np.ndarray) -> np.ndarray:
    """A rough course of the sun, −1 to 1: highest at noon UTC, higher in summer."""
    season = _season(times_ns)
    day = np.cos(2 * np.pi * ((times_ns % DAY_NS) / DAY_NS - 0.5))
    return 0.65 * day + 0.25 * season


def air_temperature_c(times_ns: np.ndarray) -> np.ndarray:
    """Air temperature without weather: year and day [°C]."""
    day = np.cos(2 * np.pi * ((times_ns % DAY_NS) / DAY_NS - 0.625))
    return 10.0 + 9.0 * _season(times_ns) + 5.0 * day


def _season(times_ns: np.ndarray) -> np.ndarray:
    """−1 in mid-January to 1 in mid-July."""
    return -np.cos(2 * np.pi * ((times_ns / DAY_NS - 15.0) / 365.2425))


def _is_on(seconds: np.ndarray) -> np.ndarray:
    within = seconds % _HOUR_S
    return (within >= PUMP_ON_S[0]) & (within < PUMP_ON_S[1])
