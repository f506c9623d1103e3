"""What a pump makes of its electricity, and whether it still pumps as it should at its speed."""

from typing import NamedTuple

from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive

WATER_KG_M3, GRAVITY_M_S2 = 1000.0, 9.80665


class DutyPoint(NamedTuple):
    """Flow [m3/h], head [m] and power [kW] of a pump."""

    flow_m3_h: Floats
    head_m: Floats
    power_kw: Floats


def hydraulic_power(flow_m3_h: ArrayLike, head_m: ArrayLike) -> Floats:
    """The power that lifts water: density · g · flow · head [kW]."""
    return plain(WATER_KG_M3 * GRAVITY_M_S2 * (floats(flow_m3_h) / 3600.0) * floats(head_m) / 1000.0)


def head_of_pressure(pressure_kpa: ArrayLike) -> Floats:
    """The height of a column of water that presses so [m]."""
    return plain(floats(pressure_kpa) * 1000.0 / (WATER_KG_M3 * GRAVITY_M_S2))


def wire_to_water(flow_m3_h: ArrayLike, head_m: ArrayLike, electric_kw: ArrayLike) -> Floats:
    """Hydraulic over electric power, of pump, drive and motor together [1]. NaN where nothing is drawn.

    (ANSI/HI 14.6; R. Evans, Irrigation Pumping Plant Performance Handbook, University of Nebraska 1982)
    """
    return divide(hydraulic_power(flow_m3_h, head_m), where_positive(electric_kw))


def energy_per_volume(flow_m3_h: ArrayLike, electric_kw: ArrayLike) -> Floats:
    """Electricity for each cubic metre [kWh/m3]. NaN where nothing flows."""
    return divide(electric_kw, where_positive(flow_m3_h))


def at_speed(point: DutyPoint, speed: ArrayLike, wanted: ArrayLike) -> DutyPoint:
    """A duty point at another speed by the affinity laws: flow as the speed, head as its square, power as its cube.

    speed, wanted : float64[...], of the point and of the one that is asked for, of one unit; NaN where the first is not above zero
    """
    ratio = divide(wanted, where_positive(speed))
    flow, head, power = (floats(value) for value in point)
    return DutyPoint(plain(flow * ratio), plain(head * (ratio * ratio)), plain(power * (ratio * ratio * ratio)))
