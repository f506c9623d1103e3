"""`vibration`: per machine and window, how it shakes, how severe that is, and which part of its bearing is worn.

    vibration,asset=plant/hall1/line1/press1,window=1h waveforms=60,waveforms_without_features=0,acceleration_rms_m_s2=2.9,
        acceleration_peak_m_s2=21.4,kurtosis=7.1,velocity_rms_mm_s=3.1,zone=3,zone_name="C",bpfo_evidence=11.2,bpfi_evidence=0.4,
        bsf_evidence=-0.2,ftf_evidence=1.1,fault=1,fault_name="outer race",coverage=1,rev=0

It is made of the readings that each waveform yields (`processing/vibration/features.py`), means over the window's waveforms, of the peak
the highest. What the plant file says of the machine (`[asset.machine]`) gives zone, limits and bearing; where it says nothing of any
machine the operator does not run, though the readings are there, as `telemetry` of `waveform_…`.

`zone` counts velocity and displacement, the worse one. A fault is named from an evidence of 4 on, the one that has most. Where a field is
null `null_reason` says why: "waveform clipped", "no bearing and speed_rpm declared".
"""

from collections.abc import Mapping

import numpy as np

from fieldline.bearings import FaultOrders
from fieldline.catalogue import NULL_REASON, OWN
from fieldline.plantfile.machine import NUMBERS, PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Terms, derived
from processing.formulas import severity
from processing.vibration.evidence import NAMED_FROM
from processing.vibration.features import DOUBTS, OF_TIME, Doubt

FAULT_NAMES = ("", "outer race", "inner race", "ball", "cage")
"""By number; 0: none is named."""
_EVIDENCE = tuple(f"{fault}_evidence" for fault in FaultOrders._fields)
_MEANS = ("acceleration_rms_m_s2", *OF_TIME, "velocity_rms_mm_s", "displacement_rms_um", *_EVIDENCE)

INPUTS = {
    "waveforms": "count(waveform_doubt)",
    "doubt": "max(waveform_doubt)",
    "good": "count(waveform_acceleration_rms_m_s2)",
    "acceleration_peak_m_s2": "max(waveform_acceleration_peak_m_s2)",
    **{name: f"mean(waveform_{name})" for name in _MEANS},
    **{name.removeprefix(PREFIX): f"asset.{name}" for name in NUMBERS},
}

REASONS = (*DOUBTS, "no iso_group and support declared", "no bearing and speed_rpm declared")
_NO_ZONE, _NO_BEARING = len(DOUBTS), len(DOUBTS) + 1


def formula(given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The fields, and the number of why one is null; see `derived`."""
    velocity = given["velocity_rms_mm_s"]
    limits = severity.boundaries(severity.VELOCITY_MM_S, given["iso_group"], given["support"])
    of_travel = severity.boundaries(severity.DISPLACEMENT_UM, given["iso_group"], given["support"])
    zone = np.maximum(severity.zone(velocity, limits), severity.zone(given["displacement_rms_um"], of_travel)) + 1.0
    found = {name: given[name] for name in ("waveforms", "acceleration_peak_m_s2", *_MEANS)}
    found |= {
        "waveforms_without_features": given["waveforms"] - np.nan_to_num(given["good"]),
        "zone": zone,
        "alarm_mm_s": severity.alarm_limit(given["baseline_mm_s"], limits),
        "trip_mm_s": severity.trip_limit(limits),
        "is_changed": severity.is_significant(velocity - given["baseline_mm_s"], limits),
        "fault": _named_fault(np.stack([given[name] for name in _EVIDENCE])),
    }
    return found | {"reason": _reasons(given, zone, found["fault"])}


def _named_fault(evidence: np.ndarray) -> np.ndarray:
    """1 plus the place of the fault that is named, 0 for none, float64[n]; NaN where nothing is known; evidence : float64[4, n]."""
    known = ~np.isnan(evidence).any(axis=0)
    most = np.where(known, evidence, -np.inf).argmax(axis=0)
    is_named = np.where(known, evidence, -np.inf).max(axis=0) >= NAMED_FROM
    return np.where(known, np.where(is_named, most + 1.0, 0.0), np.nan)


def _reasons(given: Mapping[str, np.ndarray], zone: np.ndarray, fault: np.ndarray) -> np.ndarray:
    """Why a field is null, as places in `REASONS`, float64[n]; NaN where none is that might not be."""
    doubt, has_bearing = given["doubt"], given["has_bearing"] == 1.0
    holds = [
        np.isnan(given["acceleration_rms_m_s2"]),
        np.isnan(given["velocity_rms_mm_s"]),
        has_bearing & np.isnan(fault),
        np.isnan(zone),
        np.isnan(fault),
    ]
    of_fault = np.where(doubt == Doubt.NO_SPEED, float(Doubt.NO_SPEED), float(Doubt.SHORT_FOR_ENVELOPE))
    said = [doubt, np.full(len(doubt), float(Doubt.OUT_OF_BAND)), of_fault]
    return np.select(holds, [*said, float(_NO_ZONE), float(_NO_BEARING)], np.nan)


_ISO = "ISO 20816-3:2022"
_OF_A_WAVEFORM = {
    "acceleration_rms_m_s2": ("m/s2", "RMS of the acceleration, its offset aside", "√(Σ a² / n)", "ISO 13373-1:2002"),
    "crest_factor": ("1", "peak over RMS", "peak / RMS", "ISO 13373-1:2002"),
    "kurtosis": ("1", "how impulsive it is, 3 for noise", "μ₄ / σ⁴", "ISO 13373-1:2002"),
    "skewness": ("1", "how lopsided it is", "μ₃ / σ³", OWN),
    "shape_factor": ("1", "RMS over mean size", "RMS / mean |a|", "Y. Lei et al., MSSP 21 (2007) 2280"),
    "impulse_factor": ("1", "peak over mean size", "peak / mean |a|", "Y. Lei et al., MSSP 21 (2007) 2280"),
    "clearance_factor": (
        "1",
        "peak over squared mean root",
        "peak / (mean √|a|)²",
        "Y. Lei et al., MSSP 21 (2007) 2280",
    ),
    "velocity_rms_mm_s": ("mm/s", "RMS of the velocity in band_hz", "√(Σ (aₖ / 2πfₖ)² / 2)", _ISO),
    "displacement_rms_um": ("um", "RMS of the displacement in band_hz", "√(Σ (aₖ / (2πfₖ)²)² / 2)", _ISO),
}
_RANDALL = "R. Randall, J. Antoni, MSSP 25 (2011) 485; calibration ours"
_FAULTS = dict(zip(_EVIDENCE, FAULT_NAMES[1:], strict=True))


def _mean(name: str) -> tuple[str, str, str, str, str]:
    if name in _FAULTS:
        said = f"how far the lines of a fault of the bearing's {_FAULTS[name]} stand above chance, in deviations"
        return name, "1", f"{said}; mean of the waveforms", "(E − median E₀) / (1.4826 MAD E₀)", _RANDALL
    unit, said, written, source = _OF_A_WAVEFORM[name]
    return name, unit, f"{said}; mean of the waveforms", written, source


COMPONENT = derived(
    name="vibration",
    meaning="How a machine shakes, how severe that is, and which part of its bearing is worn.",
    inputs=INPUTS,
    fields=(
        ("waveforms", "1", "waveforms in the window; duplicates count once", "n", OWN),
        ("waveforms_without_features", "1", "of these, such as say nothing", "n", OWN),
        (
            "acceleration_peak_m_s2",
            "m/s2",
            "largest acceleration, offset aside; of all waveforms",
            "max |a|",
            OWN,
        ),
        *map(_mean, _MEANS),
        (
            "zone",
            "1",
            "zone of velocity and displacement, the worse one: 1 for A to 4 for D",
            "table",
            f"{_ISO}, annex A",
        ),
        ("alarm_mm_s", "mm/s", "velocity to warn at", "min(baseline + B/C / 4, 1.25 B/C)", f"{_ISO}, alarm limits"),
        ("trip_mm_s", "mm/s", "velocity to stop at, at the latest", "1.25 C/D", f"{_ISO}, trip limits"),
        (
            "is_changed",
            "1",
            "1 where velocity is far from the baseline",
            "|v − baseline| > B/C / 4",
            f"{_ISO}, criterion II",
        ),
        (
            "fault",
            "1",
            "fault with most evidence from 4 on: 1 outer race, 2 inner race, 3 ball, 4 cage; 0: none",
            "argmax",
            OWN,
        ),
    ),
    formula=formula,
    windows=("1m", "15m", "1h", "day", "week", "month", "shift", "order"),
    needs=("telemetry",),
    terms=Terms(
        texts={
            "zone_name": Spelled("name of the zone", "zone", lambda number: severity.ZONES[number - 1]),
            "fault_name": Spelled("name of the fault", "fault", FAULT_NAMES.__getitem__),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        is_default=True,
        parameters=("asset.machine", "asset.tags.max_gap_s"),
        is_needed=lambda plant: plant.has_machines,
    ),
)
