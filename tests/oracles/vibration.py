"""`vibration.json` through the features of waveforms, the bearings' kinematics and the zones of ISO 20816-3."""

from collections.abc import Callable
from math import isnan
from typing import Any

import numpy as np

from fieldline.bearings import Bearing
from processing.formulas import severity
from processing.vibration.envelope import envelope_spectrum
from processing.vibration.order_tracking import order_spectrum, run_up_angle
from processing.vibration.spectrum import amplitudes, band_rms, integrated, transform
from processing.vibration.time_domain import moments_of, time_features

_G_M_S2 = 9.80665
_SUPPORTS = ("rigid", "flexible")


def _time_features(given: dict[str, Any]) -> dict[str, Any]:
    found = time_features(moments_of(np.array(given["x"], np.float64)))._asdict()
    return {name: None if isnan(value) else value for name, value in found.items()}


def _time_features_formula(given: dict[str, Any]) -> dict[str, Any]:
    assert given["formula"] == "A*sin(2*pi*f*t)"
    t = np.arange(given["N"]) / given["fs"]
    return _time_features({"x": given["A"] * np.sin(2.0 * np.pi * given["f_hz"] * t)})


def _limits(given: dict[str, Any], table: np.ndarray = severity.VELOCITY_MM_S) -> np.ndarray:
    return severity.boundaries(table, float(given["group"]), float(_SUPPORTS.index(given["support"])))


def _named(limits: np.ndarray, unit: str = "") -> dict[str, float]:
    return {f"{name}{unit}": float(value) for name, value in zip(("A_B", "B_C", "C_D"), limits[0], strict=True)}


def _zone(value: float, limits: np.ndarray) -> str:
    return severity.ZONES[int(severity.zone(value, limits)[0])]


def _zone_both(given: dict[str, Any]) -> dict[str, str]:
    by_velocity = _zone(given["v_rms_mm_s"], _limits(given))
    return {"zone": max(by_velocity, _zone(given["disp_rms_um"], _limits(given, severity.DISPLACEMENT_UM)))}


def _overall(given: dict[str, Any]) -> dict[str, Any]:
    worst = max(given["v_rms_mm_s_axes"])
    return {"zone": _zone(worst, _limits(given)), "v_rms_mm_s": worst}


def _alarm_trip(given: dict[str, Any]) -> dict[str, float]:
    limits = np.array([[np.nan, given["b_c"], given["c_d"]]])
    return {
        "alarm": float(severity.alarm_limit(given["baseline"], limits)[0]),
        "trip_max": float(severity.trip_limit(limits)[0]),
    }


def _significant_change(given: dict[str, Any]) -> dict[str, bool]:
    return {
        "significant": bool(severity.is_significant(given["change"], np.array([[np.nan, given["b_c"], np.nan]]))[0])
    }


def _bearing(given: dict[str, Any]) -> dict[str, float]:
    orders = Bearing(given["n_elements"], given["d"], given["D"], given["contact_deg"]).orders._asdict()
    found = {f"{name}_order": value for name, value in orders.items()}
    found |= {f"{name}_hz": value * given["rpm"] / 60.0 for name, value in orders.items()}
    return found | {"bsf_x2_order": 2.0 * orders["bsf"]}


def _accel_to_velocity(given: dict[str, Any]) -> dict[str, float]:
    rms, f = given["a_rms_g"] * _G_M_S2, given["f_hz"]
    return {
        "v_rms_mm_s": integrated(rms, f) * 1e3,
        "disp_pp_um": integrated(rms, f, 2) * 2.0 * np.sqrt(2.0) * 1e6,
    }


def _signal(given: dict[str, Any]) -> np.ndarray:
    t = np.arange(given["N"]) / given["fs"]
    return np.sum([a * np.sin(2.0 * np.pi * f * t + p) for a, f, p in given["components_A_f_phase"]], axis=0)


def _amplitude_spectrum(given: dict[str, Any]) -> dict[str, Any]:
    spectrum = transform(_signal(given), given["fs"])
    found = amplitudes(spectrum)
    peaks = np.flatnonzero((found[1:-1] > found[:-2]) & (found[1:-1] > found[2:]) & (found[1:-1] > 0.01)) + 1
    return {
        "peak_amplitudes": found[peaks].tolist(),
        "peak_freqs_hz": spectrum.frequencies_hz[peaks].tolist(),
        "overall_rms": band_rms(spectrum, 0.0, given["fs"] / 2.0),
        "band_rms": band_rms(spectrum, *given["band_hz"]),
    }


def _velocity(given: dict[str, Any]) -> dict[str, float]:
    return {"v_rms_mm_s": 1e3 * band_rms(transform(_signal(given), given["fs"]), *given["band_hz"], integrations=1)}


def _envelope(given: dict[str, Any]) -> dict[str, float]:
    t = np.arange(given["N"]) / given["fs"]
    x = (1.0 + given["m"] * np.cos(2.0 * np.pi * given["fm_hz"] * t)) * np.cos(2.0 * np.pi * given["fc_hz"] * t)
    frequency, amplitude = envelope_spectrum(transform(x, given["fs"]), 1.0, given["fs"] / 2.0)
    top = 1 + int(amplitude[1:].argmax())
    return {"peak_hz": frequency[top], "peak_amplitude": amplitude[top], "envelope_mean": amplitude[0]}


def _orders(given: dict[str, Any]) -> dict[str, float]:
    rate, duration = given["fs"], given["duration_s"]
    n, end = round(rate * duration), given["f0_hz"] + given["k_hz_per_s"] * duration
    angle = run_up_angle(n, rate, given["f0_hz"], end)
    found, amplitude = order_spectrum(given["A"] * np.sin(2.0 * np.pi * given["order"] * angle), angle, 32)
    top = int(amplitude.argmax())
    return {"peak_order": found[top], "peak_amplitude": amplitude[top]}


FUNCTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "time_features": _time_features,
    "time_features_formula": _time_features_formula,
    "iso20816_3_boundaries": lambda given: _named(_limits(given)),
    "iso20816_3_zone": lambda given: {"zone": _zone(given["v_rms_mm_s"], _limits(given))},
    "iso20816_3_overall": _overall,
    "iso10816_3_displacement": lambda given: _named(_limits(given, severity.DISPLACEMENT_UM), "_um"),
    "iso10816_3_zone_both": _zone_both,
    "iso10816_3_alarm_trip": _alarm_trip,
    "iso10816_3_significant_change": _significant_change,
    "bearing_frequencies": _bearing,
    "accel_to_velocity": _accel_to_velocity,
    "amplitude_spectrum": _amplitude_spectrum,
    "velocity_rms_from_accel": _velocity,
    "envelope_spectrum": _envelope,
    "order_spectrum": _orders,
}
"""Name of a function in the case file → inputs → outputs."""
