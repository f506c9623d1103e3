"""The machines of a production line: presses, an oven and a packer.

All have a meter, the states of their line's schedule, and counters of parts; presses vibrate.
Counters start at zero at midnight UTC, as many machine controllers' do.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ingest.simulator.devices import DAY_NS, SECOND_NS, Event, Waveform, days_between
from ingest.simulator.meter import Meter
from ingest.simulator.noise import drifting, noise_key, uniform, white
from ingest.simulator.schedule import (
    DAY_S,
    REJECT_REASONS,
    STOP_REASONS,
    State,
    Timeline,
    orders_of,
    timeline_of,
)
from ingest.simulator.vibration import Bearing

_IDLE_SHARE = np.array([0.35, 1.0, 0.08, 0.25, 0.15, 0.22])
"""Share of nominal power in each state, in the order of `State`."""
SEAL_SIGMA_C = 0.8
"""Standard deviation of a packer's sealing temperature about its set point [°C]."""
_SEAL_FADES_C = 1.6
_TAN_PHI = np.array([0.9, 0.62, 1.3, 0.95, 1.1, 0.9])


class Counters(NamedTuple):
    """Parts of a machine's day; what is done in a second is what the counter shows at it.

    good, reject : int64[86401], done before each second since midnight
    rejects : (second at which the part was done, reason) one by one
    """

    good: np.ndarray
    reject: np.ndarray
    rejects: list[tuple[int, str]]


class Machine:
    """What presses, ovens and packers share: schedule, meter and state events."""

    nominal_kw = 30.0
    cycle_field = ""
    """Which cycle time of a product is this machine's."""
    ideal_field = ""
    """Which shortest cycle time of a product is this machine's."""
    in_break = State.PLANNED

    def __init__(self, seed: int, line: str, name: str, period_ns: int = SECOND_NS) -> None:
        self.seed = seed
        self.line = line
        self.asset = f"{line}/{name}"
        self.period_ns = period_ns
        day_kwh = self.nominal_kw * 24 * 0.82
        self._meter = Meter(seed, self.asset, day_kwh, round(self.nominal_kw * 0.25, 3), self._power_shape)
        self.timeline = lru_cache(maxsize=2)(self._timeline)
        self.counters = lru_cache(maxsize=2)(self._count)

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        power = self._meter.power_kw(times_ns)
        tan_phi = _TAN_PHI[self._state_at(times_ns)]
        wobble = 0.05 * white(noise_key(self.seed, self.asset, "kvar"), times_ns // SECOND_NS)
        return {
            "power_kw": power,
            "reactive_power_kvar": np.round(power * (tan_phi + wobble), 3),
            "energy_kwh": self._meter.register_kwh(times_ns),
            **self._counts_at(times_ns),
        }

    def events(self, start_ns: int, stop_ns: int, *, announce: bool = False) -> Iterator[Event]:
        found: list[Event] = []
        for day, start, stop in days_between(start_ns, stop_ns):
            found += self._state_events(day, start, stop, announce=announce and start == start_ns)
            found += self._reject_events(day, start, stop)
        return iter(sorted(found, key=lambda event: event.time_ns))

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        return iter(())

    def register_kwh(self, times_ns: np.ndarray) -> np.ndarray:
        """What the meter's register shows at times of one UTC day [kWh]."""
        return self._meter.register_kwh(times_ns)

    def state_seconds(self, start_ns: int, stop_ns: int) -> dict[str, float]:
        """How long the machine truly was in each state [s]."""
        total = np.zeros(len(State))
        for day, start, stop in days_between(start_ns, stop_ns):
            first, last = (start % DAY_NS) // SECOND_NS, (stop - 1 - day * DAY_NS) // SECOND_NS + 1
            total += np.bincount(self.timeline(day).state[first:last], minlength=len(State))
        return {state.name.lower(): float(total[state]) for state in State if total[state]}

    def _timeline(self, day: int) -> Timeline:
        return timeline_of(self.seed, self.line, self.asset, day, self.in_break)

    def _state_at(self, times_ns: np.ndarray) -> np.ndarray:
        return self.timeline(int(times_ns[0]) // DAY_NS).state[(times_ns % DAY_NS) // SECOND_NS]

    def _power_shape(self, day: int) -> np.ndarray:
        line_time = self.timeline(day)
        seconds = np.arange(DAY_S, dtype=np.int64)
        load = np.array([order.product.load for order in orders_of(self.seed, self.line, day)] + [1.0])
        power = self.nominal_kw * _IDLE_SHARE[line_time.state]
        producing = line_time.state == State.PRODUCING
        beat = 1.0 + 0.12 * np.sin(2 * np.pi * self._strokes(day))
        power = np.where(producing, power * load[line_time.order] * beat, power)
        key = noise_key(self.seed, self.asset, "power")
        return power * (1.0 + 0.03 * white(key, day * DAY_S + seconds))

    def _strokes(self, day: int) -> np.ndarray:
        """Cycles done since midnight, float64[86400]."""
        line_time = self.timeline(day)
        orders = orders_of(self.seed, self.line, day)
        per_second = np.array([1.0 / getattr(order.product, self.cycle_field) for order in orders] + [0.0])
        return np.cumsum(np.where(line_time.state == State.PRODUCING, per_second[line_time.order], 0.0))

    def _count(self, day: int) -> Counters:
        made = np.concatenate(([0], np.floor(self._strokes(day)).astype(np.int64)))
        done_at = np.flatnonzero(np.diff(made))  # no cycle is shorter than a second: one part at most
        orders = orders_of(self.seed, self.line, day)
        ratio = np.array([order.product.reject_ratio for order in orders])
        parts = np.arange(len(done_at), dtype=np.int64)
        key = noise_key(self.seed, self.asset, "rejects", day)
        bad = done_at[uniform(key, parts) < ratio[self.timeline(day).order[done_at]]]
        reject = np.zeros(DAY_S + 1, np.int64)
        reject[bad + 1] = 1
        reject = np.cumsum(reject)
        which = np.floor(uniform(key + 1, bad) ** 2 * len(REJECT_REASONS)).astype(np.int64)  # a Pareto worth drawing
        reasons = [REJECT_REASONS[n] for n in which]
        return Counters(made - reject, reject, list(zip(bad.tolist(), reasons, strict=True)))

    def _counts_at(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        counters = self.counters(int(times_ns[0]) // DAY_NS)
        done = (times_ns % DAY_NS) // SECOND_NS + 1
        return {"good_count": counters.good[done], "reject_count": counters.reject[done]}

    def _state_events(self, day: int, start: int, stop: int, announce: bool) -> Iterator[Event]:
        line_time, midnight = self.timeline(day), day * DAY_NS
        first, last = -(-(start - midnight) // SECOND_NS), -(-(stop - midnight) // SECOND_NS)
        changes = np.flatnonzero((np.diff(line_time.state) != 0) | (np.diff(line_time.cause) != 0)) + 1
        moments = set(changes[(changes >= first) & (changes < last)].tolist())
        moments |= {0} if first == 0 else set()
        moments |= {first} if announce and first < last else set()
        for second in sorted(moments):
            attributes: dict[str, str | int | float] = {"event": "state"}
            attributes["state"] = State(line_time.state[second]).name.lower()
            if line_time.cause[second] >= 0:
                attributes["reason"] = STOP_REASONS[line_time.cause[second]]
            yield Event(midnight + second * SECOND_NS, self.asset, attributes)

    def _reject_events(self, day: int, start: int, stop: int) -> Iterator[Event]:
        midnight = day * DAY_NS
        for second, reason in self.counters(day).rejects:
            time_ns = midnight + second * SECOND_NS
            if start <= time_ns < stop:
                yield Event(time_ns, self.asset, {"event": "reject", "reason": reason, "count": 1})


class Press(Machine):
    """A hydraulic press: counts parts, presses with a force, warms its oil, and its main bearing wears."""

    nominal_kw = 45.0
    cycle_field = "press_cycle_s"
    ideal_field = "press_ideal_s"

    def __init__(
        self, seed: int, line: str, name: str, period_ns: int = SECOND_NS, bearing_life_ns: int | None = None
    ) -> None:
        super().__init__(seed, line, name, period_ns)
        self.bearing = Bearing(seed, self.asset, bearing_life_ns)

    def events(self, start_ns: int, stop_ns: int, *, announce: bool = False) -> Iterator[Event]:
        told = [*super().events(start_ns, stop_ns, announce=announce), *self.bearing.events(start_ns, stop_ns)]
        return iter(sorted(told, key=lambda event: event.time_ns))

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        day = int(times_ns[0]) // DAY_NS
        second = (times_ns % DAY_NS) // SECOND_NS
        line_time = self.timeline(day)
        force = np.array([order.product.force_kn for order in orders_of(self.seed, self.line, day)] + [0.0])
        pressing = np.where(line_time.state[second] == State.PRODUCING, force[line_time.order[second]], 0.0)
        rough = white(noise_key(self.seed, self.asset, "force"), times_ns // SECOND_NS)
        oil = 46.0 + 5.0 * drifting(noise_key(self.seed, self.asset, "oil"), times_ns, 1800.0)
        return super().columns(times_ns) | {
            "force_kn": np.round(pressing * (1.0 + 0.01 * rough), 1),
            "oil_temperature_c": np.round(oil, 2),
        }  # fmt: skip

    def waveforms(self, start_ns: int, stop_ns: int) -> Iterator[Waveform]:
        return self.bearing.waveforms(start_ns, stop_ns)


class Oven(Machine):
    """A drying oven: a set point for each product, and a temperature that swings around it. Breaks it spends on standby."""

    nominal_kw = 60.0
    cycle_field = "oven_cycle_s"
    ideal_field = "oven_ideal_s"
    in_break = State.STANDBY

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        day = int(times_ns[0]) // DAY_NS
        second = (times_ns % DAY_NS) // SECOND_NS
        points = np.array([order.product.oven_setpoint_c for order in orders_of(self.seed, self.line, day)] + [150.0])
        setpoint = points[self.timeline(day).order[second]]
        swing = 2.5 * np.sin(2 * np.pi * second / 240.0)
        drift = 1.5 * drifting(noise_key(self.seed, self.asset, "temperature"), times_ns, 600.0)
        return super().columns(times_ns) | {
            "temperature_c": np.round(setpoint + swing + drift, 2),
            "setpoint_c": setpoint,
        }


class Packer(Machine):
    """A packing machine at the end of the line: it counts what leaves, and holds its sealing jaws at a product's set point.

    The jaws' temperature is what control charts are made for: it varies at random by `SEAL_SIGMA_C`, and now and then the
    heater fades for some minutes.
    """

    nominal_kw = 12.0
    cycle_field = "packer_cycle_s"
    ideal_field = "packer_ideal_s"

    def columns(self, times_ns: np.ndarray) -> dict[str, np.ndarray]:
        return super().columns(times_ns) | {"seal_temperature_c": self.seal_temperature_c(times_ns)}

    def seal_temperature_c(self, times_ns: np.ndarray) -> np.ndarray:
        """What the jaws' sensor shows at times of one UTC day [°C]."""
        day = int(times_ns[0]) // DAY_NS
        orders = orders_of(self.seed, self.line, day)
        second = (times_ns % DAY_NS) // SECOND_NS
        # Between orders they are heated for the next one; after the last there is none.
        points = np.array([order.product.seal_setpoint_c for order in orders] + [orders[-1].product.seal_setpoint_c])
        setpoint = points[np.searchsorted([order.stop_s for order in orders], second, "right")]
        key = noise_key(self.seed, self.asset, "seal")
        seconds = times_ns // SECOND_NS
        noise = sum(white(key + n, seconds) for n in range(3))  # of three: nearly normal, standard deviation 1
        return np.round(setpoint + SEAL_SIGMA_C * noise - _SEAL_FADES_C * self._is_faded(seconds), 2)

    def _is_faded(self, seconds: np.ndarray) -> np.ndarray:
        key, hour, within = noise_key(self.seed, self.asset, "heater"), seconds // 3600, seconds % 3600
        begin, lasts = 2700.0 * uniform(key + 1, hour), 240.0 + 480.0 * uniform(key + 2, hour)
        return (uniform(key, hour) < 0.35) & (within >= begin) & (within < begin + lasts)
