"""Electrical power and what it costs a unit: power triangle, power factors, three phases, distortion, compensation.

Element by element on scalars or arrays; NaN in gives NaN out, and NaN is also what is undefined (no power, no current, no
output). Active power is positive for import, reactive power positive for lagging current.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive, where_valid

_SQRT_3 = np.sqrt(3.0)
_W_PER_KW = 1000.0
_S_PER_HOUR = 3600.0


def apparent_power(active_power_kw: ArrayLike, reactive_power_kvar: ArrayLike) -> Floats:
    """Apparent power of sinusoidal quantities, S = sqrt(P² + Q²) [kVA]; energies give kVAh (IEEE Std 1459-2010, 3.1.1)."""
    return plain(np.hypot(floats(active_power_kw), floats(reactive_power_kvar)))


def active_power(apparent_power_kva: ArrayLike, power_factor: ArrayLike) -> Floats:
    """Active power, P = S·pf [kW]; NaN where the factor is not within -1..1 (IEEE Std 1459-2010, 3.1.1)."""
    factor = floats(power_factor)
    return where_valid(np.abs(factor) <= 1.0, floats(apparent_power_kva) * factor)


def reactive_power(apparent_power_kva: ArrayLike, active_power_kw: ArrayLike) -> Floats:
    """The size of reactive power, sqrt(S² - P²). [kvar] Its sign is not to be had from S and P.

    NaN where |P| exceeds S, which no circuit does: one of the two readings is wrong. (IEEE Std 1459-2010, 3.1.1)
    """
    apparent, active = floats(apparent_power_kva), np.abs(floats(active_power_kw))
    # (S - P)(S + P) keeps the digits that S² - P² loses near unity power factor.
    squared = (apparent - active) * (apparent + active)
    is_valid = active <= apparent
    return where_valid(is_valid, np.sqrt(np.where(is_valid, squared, 0.0)))


def power_factor(active_power_kw: ArrayLike, reactive_power_kvar: ArrayLike) -> Floats:
    """Power factor of an instant, P/sqrt(P² + Q²). [1] Within -1..1, negative for export; NaN without any power.

    The displacement power factor: harmonics are left out. (IEEE Std 1459-2010, 3.1.1)
    """
    return divide(active_power_kw, apparent_power(active_power_kw, reactive_power_kvar))


def true_power_factor(active_power_kw: ArrayLike, apparent_power_kva: ArrayLike) -> Floats:
    """Power factor of measured apparent power, P/S, harmonics included. [1] NaN at S = 0.

    Above 1 it shows a wrong reading; it is not cut. (IEEE Std 1459-2010, 3.1.2)
    """
    return divide(active_power_kw, apparent_power_kva)


def average_power_factor(active_energy_kwh: ArrayLike, reactive_energy_kvarh: ArrayLike) -> Floats:
    """Power factor of a billing period, from its energies: W/sqrt(W² + Wq²). [1] NaN without any energy.

    What utilities bill; it is not the mean of instants. (IEEE Std 1459-2010, 3.1.1, applied to energies)
    """
    return divide(active_energy_kwh, apparent_power(active_energy_kwh, reactive_energy_kvarh))


def three_phase_apparent_power(line_voltage_v: ArrayLike, line_current_a: ArrayLike) -> Floats:
    """Apparent power of a balanced three-phase load, sqrt(3)·U·I [kVA].

    line_voltage_v : float64[...], between two phases. [V]
    line_current_a : float64[...], of a phase. [A]

    Source: IEEE Std 1459-2010, 3.2.1. An unbalanced load is `three_phase_active_power_of_phases`.
    """
    return plain(_SQRT_3 * floats(line_voltage_v) * floats(line_current_a) / _W_PER_KW)


def three_phase_active_power(line_voltage_v: ArrayLike, line_current_a: ArrayLike, power_factor: ArrayLike) -> Floats:
    """Active power of a balanced three-phase load, sqrt(3)·U·I·pf. [kW] Arguments as `three_phase_apparent_power`.

    NaN where the power factor is not within -1..1.
    """
    return active_power(three_phase_apparent_power(line_voltage_v, line_current_a), power_factor)


def three_phase_active_power_of_phases(
    phase_voltage_v: ArrayLike, phase_current_a: ArrayLike, power_factor: ArrayLike
) -> Floats:
    """Active power of any three-phase load, the sum of U·I·pf over its phases [kW].

    phase_voltage_v : float64[..., phases], to neutral. [V]
    phase_current_a, power_factor : float64[..., phases] or a scalar for all. [A], [1]

    NaN where a phase is missing (NaN): two phases are not two thirds of the load. (IEEE Std 1459-2010, 3.2.2)
    """
    of_phases = active_power(floats(phase_voltage_v) * floats(phase_current_a), power_factor)
    return plain(np.sum(of_phases, axis=-1) / _W_PER_KW)


def phase_imbalance(phases: ArrayLike) -> Floats:
    """Imbalance of voltages or currents: largest deviation from their mean, over the mean [1].

    phases : float64[..., phases], magnitudes of one instant. [V or A]

    0 is balanced; with three phases at most 2 (one phase alone). NaN where a phase is missing or the mean is zero.
    Source: NEMA MG 1-2016, definition of voltage unbalance for polyphase motors.
    """
    values = floats(phases)
    mean = np.mean(values, axis=-1, keepdims=True)
    return divide(np.max(np.abs(values - mean), axis=-1), mean[..., 0])


def total_harmonic_distortion(harmonics: ArrayLike) -> Floats:
    """Distortion relative to the fundamental (THD-F), sqrt(sum of squares above it) over it [1].

    harmonics : float64[..., orders], rms values; the first is the fundamental. [V or A]

    May exceed 1. NaN where the fundamental is zero or an order is missing. (IEEE Std 519-2014, 3.1)
    """
    values = floats(harmonics)
    return divide(np.sqrt(np.sum(values[..., 1:] ** 2, axis=-1)), values[..., 0])


def capacitor_reactive_power(
    active_power_kw: ArrayLike, power_factor: ArrayLike, wanted_power_factor: ArrayLike
) -> Floats:
    """Reactive power that capacitors must give to lift the power factor: P·(tan φ - tan φ wanted) [kvar].

    Both factors are lagging and within 0..1, zero excluded, else NaN. Negative where the factor is better than wanted
    already. (IEEE Std 1036-2010, power factor correction)
    """
    now, wanted = floats(power_factor), floats(wanted_power_factor)
    return plain(floats(active_power_kw) * (_tangent(now) - _tangent(wanted)))


def _tangent(factor: Floats) -> Floats:
    """tan(acos(factor)), NaN outside 0 < factor <= 1."""
    is_valid = (factor > 0.0) & (factor <= 1.0)
    inside = np.where(is_valid, factor, 1.0)
    return where_valid(is_valid, np.sqrt((1.0 - inside) * (1.0 + inside)) / inside)


def pulse_energy(pulses: ArrayLike, wh_per_pulse: ArrayLike) -> Floats:
    """Energy of counted pulses, pulses·Kh/1000 [kWh], with the Kh of the meter's plate [Wh/pulse] (ANSI C12.1-2014)."""
    return plain(floats(pulses) * floats(wh_per_pulse) / _W_PER_KW)


def interval_demand(energy_kwh: ArrayLike, length_s: ArrayLike) -> Floats:
    """Mean power of an interval [kW]: its energy [kWh] over its length [s]; NaN where that is not above zero.

    25 kWh in a quarter-hour are 100 kW. Source: IEC 60050-691:1973, demand as mean power of an interval.
    """
    return divide(floats(energy_kwh) * _S_PER_HOUR, where_positive(length_s))


def specific_energy(energy_kwh: ArrayLike, output: ArrayLike) -> Floats:
    """Energy per unit of output. [kWh per unit] NaN where the output is not above zero: no unit, no energy per unit.

    output : float64[...], good units, tonnes or whatever the plant sells; `energy_per_good_unit_kwh` takes good units.

    Source: ISO 22400-2:2014, KPI "comprehensive energy consumption"; ISO 50006:2014, annex on energy performance indicators.
    """
    return divide(energy_kwh, where_positive(output))
