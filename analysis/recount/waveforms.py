"""`vibration` of a window worked out once more, from the waveforms themselves.

Shares nothing with `processing/vibration` and its kernels: spectra are scipy's, the envelope is that of the whole block at its full rate,
sums are written out. Only the geometry of bearings (`fieldline/bearings.py`) and the plant file are common.
"""

from collections.abc import Sequence
from math import ceil, floor, inf, isnan, log10, nan, sqrt
from statistics import fmean, median

import numpy as np
from scipy import signal, stats

from fieldline.bearings import FaultOrders
from fieldline.plantfile import MachineEntry

_VELOCITY = {"rigid": ((2.3, 4.5, 7.1), (1.4, 2.8, 4.5)), "flexible": ((3.5, 7.1, 11.0), (2.3, 4.5, 7.1))}
_DISPLACEMENT = {"rigid": ((29, 57, 90), (22, 45, 71)), "flexible": ((45, 90, 140), (37, 71, 113))}
_FAULTS = ("bpfo", "bpfi", "bsf", "ftf")
_SLIP, _HARMONICS, _FREE = 0.012, 5, 40

Told = dict[str, float]


def figures(payloads: Sequence[bytes], machine: MachineEntry | None, shafts_hz: Sequence[float] | None = None) -> Told:
    """The fields of `vibration` but for coverage; NaN where a value does not exist.

    payloads : of the window's waveforms; shafts_hz : how fast the shaft turned at each; None: as the plant file says
    """
    said = machine or MachineEntry()
    speeds = [said.shaft_hz] * len(payloads) if shafts_hz is None else shafts_hz
    each = [_of_waveform(payload, said, speed) for payload, speed in zip(payloads, speeds, strict=True)]
    found = {name: _mean([one.get(name, nan) for one in each]) for name in _NAMES}
    peaks = [one["acceleration_peak_m_s2"] for one in each if "acceleration_peak_m_s2" in one]
    good = sum("acceleration_rms_m_s2" in one for one in each)
    found["acceleration_peak_m_s2"] = max(peaks, default=nan)
    found |= {"waveforms": float(len(each)), "waveforms_without_features": float(len(each) - good)}
    return found | _judged(found, said)


_NAMES = (
    "acceleration_rms_m_s2",
    "crest_factor",
    "kurtosis",
    "skewness",
    "shape_factor",
    "impulse_factor",
    "clearance_factor",
    "velocity_rms_mm_s",
    "displacement_rms_um",
    *(f"{fault}_evidence" for fault in _FAULTS),
)


def _mean(values: list[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return fmean(known) if known else nan


def _judged(found: Told, said: MachineEntry) -> Told:
    """Zone, limits, change and the fault that is named."""
    evidence = {number: found[f"{fault}_evidence"] for number, fault in enumerate(_FAULTS, 1)}
    most = max(evidence, key=lambda number: -inf if isnan(evidence[number]) else evidence[number])
    is_known = not any(map(isnan, evidence.values()))
    fault = (float(most) if evidence[most] >= 4.0 else 0.0) if is_known else nan
    told = {"fault": fault, **dict.fromkeys(("zone", "alarm_mm_s", "trip_mm_s", "is_changed"), nan)}
    if said.support is None or said.iso_group is None:
        return told
    velocity, displacement = found["velocity_rms_mm_s"], found["displacement_rms_um"]
    bounds, of_travel = (table[said.support][said.iso_group - 1] for table in (_VELOCITY, _DISPLACEMENT))
    told["trip_mm_s"] = 1.25 * bounds[2]
    if not isnan(velocity):
        told["zone"] = float(1 + max(sum(velocity > b for b in bounds), sum(displacement > b for b in of_travel)))
    if said.baseline_mm_s is not None:
        told["alarm_mm_s"] = min(said.baseline_mm_s + bounds[1] / 4, 1.25 * bounds[1])
        if not isnan(velocity):
            told["is_changed"] = float(abs(velocity - said.baseline_mm_s) > bounds[1] / 4)
    return told


def _of_waveform(payload: bytes, said: MachineEntry, shaft_hz: float) -> Told:
    """What one waveform says; nothing where it can't be trusted."""
    if len(payload) < 12 or len(payload) % 4 or len(payload) > 8 + 4 * 2**20:
        return {}
    rate, raw = float(np.frombuffer(payload[:8], "<f8")[0]), np.frombuffer(payload[8:], "<f4").astype(float)
    is_other = said.rate_hz is not None and abs(rate - said.rate_hz) > 1e-3 * said.rate_hz
    if not 1e-3 <= rate <= 1e9 or not np.isfinite(raw).all() or is_other or np.ptp(raw) == 0 or _is_clipped(raw, said):
        return {}
    x = signal.detrend(raw * (9.80665 if said.acceleration_unit == "g" else 1.0), type="constant")
    rms, size = sqrt(np.square(x).mean()), np.abs(x).mean()
    peak = np.abs(x).max()
    found = {
        "acceleration_rms_m_s2": rms,
        "acceleration_peak_m_s2": peak,
        "crest_factor": peak / rms,
        "kurtosis": stats.kurtosis(x, fisher=False),
        "skewness": stats.skew(x),
        "shape_factor": rms / size,
        "impulse_factor": peak / size,
        "clearance_factor": peak / np.sqrt(np.abs(x)).mean() ** 2,
    }
    told = {name: float(value) for name, value in found.items()} | _integrated(x, rate, said)
    return told | (_evidence(x, rate, said, shaft_hz) if shaft_hz > 0 else {})


def _is_clipped(raw: np.ndarray, said: MachineEntry) -> bool:
    """Whether samples reach the full scale, or are more at an end of the range than in the fortieth of it beside."""
    if said.full_scale is not None and np.abs(raw).max() >= said.full_scale * (1 - 1e-6):
        return True
    for flipped in (raw, -raw):
        beside = flipped.max() - 0.025 * np.ptp(raw)
        at, near = np.count_nonzero(flipped == flipped.max()), np.count_nonzero(flipped >= beside)
        if at >= 4 and at > near - at > 0:
            return True
    return False


def _integrated(x: np.ndarray, rate: float, said: MachineEntry) -> Told:
    low, high = said.band
    if 4 * rate / len(x) > low or rate < 2 * high:
        return {}
    frequency, density = signal.periodogram(x, rate, "hann", detrend=False)
    inside = (frequency >= low * (1 - 1e-12)) & (frequency <= high * (1 + 1e-12))
    mean_square, omega = density[inside] * rate / len(x), 2 * np.pi * frequency[inside]
    velocity, travel = (sqrt((mean_square / omega**power).sum()) for power in (2, 4))
    return {"velocity_rms_mm_s": velocity * 1e3, "displacement_rms_um": travel * 1e6}


def _evidence(x: np.ndarray, rate: float, said: MachineEntry, shaft_hz: float) -> Told:
    """How far the lines of each fault stand above those of orders that no fault has; nothing where the waveform can't tell."""
    bearing = said.geometry
    if bearing is None or rate / 2 <= 300.0:
        return {}
    of, per_order = bearing.orders, shaft_hz * len(x) / rate
    lines = np.fft.fft(x)
    frequency = np.arange(len(x)) * rate / len(x)
    band = (frequency >= 300.0 * (1 - 1e-12)) & (frequency <= rate / 2.56 * (1 + 1e-12))
    band &= np.arange(len(x)) <= len(x) // 2
    if of.ftf * per_order < 5 or band.sum() < _highest(of, 2) * per_order:
        return {}
    count = int(min(1.5 * _highest(of, _HARMONICS) * per_order, band.sum()))
    raw = np.where(band, lines, 0.0)
    white = np.where(band & (lines != 0), lines / np.where(lines == 0, 1.0, np.abs(lines)), 0.0)
    both = [_above_chance(_ratios(part, count, per_order), of, per_order) for part in (raw, white)]
    return {f"{fault}_evidence": (both[0][fault] + both[1][fault]) / 2 for fault in _FAULTS}


def _highest(of: FaultOrders, harmonics: int) -> float:
    return max(harmonics * max(of.bpfo, of.bpfi) + 1, 2 * harmonics * of.bsf + of.ftf) * (1 + _SLIP)


def _ratios(band: np.ndarray, count: int, per_order: float) -> list[float]:
    """log10 of each line of the squared envelope over the median of its neighbours; of the first, the mean, nothing."""
    square = np.abs(np.fft.ifft(2 * band)) ** 2
    lines = np.abs(np.fft.rfft(square - square.mean()))[1:count].tolist()
    reach = max(int(per_order / 2), 8)
    return [0.0, *(log10(line / median(lines[max(k - reach, 0) : k + reach + 1])) for k, line in enumerate(lines))]


def _above_chance(ratios: list[float], of: FaultOrders, per_order: float) -> Told:
    found = {}
    for fault in _FAULTS:
        own, beside = getattr(of, fault), {"bpfi": 1.0, "bsf": of.ftf}.get(fault, 0.0)
        sums = [_sum(ratios, order, beside, per_order) for order in (own, *_free(own, of))]
        if fault == "bsf":
            doubled = [_sum(ratios, 2 * order, beside, per_order) for order in (own, *_free(own, of))]
            sums = [max(pair, key=lambda one: -inf if isnan(one) else one) for pair in zip(sums, doubled, strict=True)]
        middle = median(sums[1:])
        spread = 1.4826 * median(abs(one - middle) for one in sums[1:])
        found[fault] = nan if any(map(isnan, sums)) else (sums[0] - middle) / max(spread, 0.01)
    return found


def _free(own: float, of: FaultOrders) -> list[float]:
    """Forty orders about a fault's own, spread by the golden ratio, none of them near a whole number or an order of a fault."""
    taken = [*of, 2 * of.bsf, 2 * of.ftf, 3 * of.ftf]
    found: list[float] = []
    step = 0
    while len(found) < _FREE:
        step += 1
        at = own * (0.5 + (step * (sqrt(5) - 1) / 2) % 1.0)
        near = 2.5 * _SLIP * at
        if abs(at - round(at)) > min(near, 0.2) and min(abs(at - one) for one in taken) > near:
            found.append(at)
    return found


def _sum(ratios: list[float], order: float, beside: float, per_order: float) -> float:
    """The mean of the highest lines at the harmonics of an order, sidebands at half weight."""
    total = weights = 0.0
    for harmonic in range(1, _HARMONICS + 1):
        for apart, weight in ((-beside, 0.5), (0.0, 1.0), (beside, 0.5)) if beside else ((0.0, 1.0),):
            middle = (harmonic * order + apart) * per_order
            reach = max(middle * _SLIP, 0.5)
            near = ratios[max(ceil(middle - reach), 0) : floor(middle + reach) + 1]
            if ceil(middle - reach) >= 1 and floor(middle + reach) < len(ratios):
                total, weights = total + weight * max(near), weights + weight
    return total / weights if weights else nan
