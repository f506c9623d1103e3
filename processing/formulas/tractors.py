"""What a tractor and its implement get done, and what it costs in slip and fuel."""

from math import pi

from numpy.typing import ArrayLike

from processing.formulas.division import Floats, divide, floats, plain, where_positive


def field_capacity(speed_km_h: ArrayLike, width_m: ArrayLike, efficiency: ArrayLike = 1.0) -> Floats:
    """Area worked in an hour: speed · width · efficiency / 10 [ha/h].

    efficiency : float64[...], share of the time and width that works; 1 gives the theoretical capacity [1] (ASABE EP496.3, 5.1)
    """
    return plain(floats(speed_km_h) * floats(width_m) * floats(efficiency) / 10.0)


def wheel_slip(speed: ArrayLike, wheel_speed: ArrayLike) -> Floats:
    """By how much the wheels turn faster than the ground passes: 1 - speed / wheel speed [1].

    speed, wheel_speed : float64[...], over ground and at the tyres, of one unit; NaN where the wheels do not turn (ASABE S296.5)
    """
    return plain(1.0 - divide(speed, where_positive(wheel_speed)))


def engine_power(torque_nm: ArrayLike, speed_rpm: ArrayLike) -> Floats:
    """Torque · 2π · speed / 60 [kW]."""
    return plain(floats(torque_nm) * (2.0 * pi) * floats(speed_rpm) / 60.0 / 1000.0)


def load_fraction(power_kw: ArrayLike, rated_kw: ArrayLike) -> Floats:
    """Power over the rated power [1]."""
    return divide(power_kw, where_positive(rated_kw))


def diesel_fuel(load: ArrayLike, speed: ArrayLike, rated_pto_kw: ArrayLike) -> Floats:
    """Fuel of a diesel tractor at part load and reduced speed: (0.22 X + 0.096)(1 - (N - 1)(0.45 X - 0.877)) P [L/h].

    load : float64[...], X, share of the rated PTO power that is drawn [1]; speed : float64[...], N, engine speed over the rated one [1];
    rated_pto_kw : float64[...], P [kW]. (ASABE D497.7, 3.3; EP496.3)
    """
    share, turns = floats(load), floats(speed)
    return plain((0.22 * share + 0.096) * (1.0 - (turns - 1.0) * (0.45 * share - 0.877)) * floats(rated_pto_kw))


def specific_fuel(fuel_l_h: ArrayLike, power_kw: ArrayLike) -> Floats:
    """Fuel for each kilowatt-hour that is drawn [L/kWh]. NaN where none is."""
    return divide(fuel_l_h, where_positive(power_kw))
