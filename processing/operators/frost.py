"""`frost`: per weather station and hour of the night, how cold it gets until sunrise, and when it freezes.

    frost,asset=farm/north/weather,window=1h expected_min_degc=-3.1,frost_probability=1,lead_h=2.4,trend_degc=1.2,lowest_degc=1.4,
        wet_bulb_degc=-0.3,basis="coefficients of FAO's example; calm",coverage=1,rev=0

Rows are of stations (`[asset.station]`) whose `values` have `frost_limit_c`, the temperature at which a crop is hurt. From the hour two
hours after sunset on, by its temperature and dew point (`et0`), the night's minimum is expected as Snyder and de Melo-Abreu have it
(`processing/formulas/frost.py`). Coefficients are those of a place: `frost_b0`, `frost_b1`, `frost_b2` of `values`, and `frost_error_k`,
how far they are out. Without them those of the book's example stand in, and `basis` says so, and where the evening is unlike its nights.

It is the forecast of a clear and calm night, which cools most. Wind above 2 m/s in that hour is told in `basis`. Clouds are not known at
night: where they come the night stays warmer than told, `lowest_degc` above `trend_degc`.
"""

import numpy as np

from fieldline.catalogue import NULL_REASON
from fieldline.plantfile.stations import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas import frost, sun
from processing.formulas.weather import Doubt, doubts
from processing.kernels.jit import record
from processing.kernels.kept import first_of

_LIMIT = "frost_limit_c"
_COEFFICIENTS = ("frost_b0", "frost_b1", "frost_b2")
INPUTS = {
    **{f"temperature_{one}": f"{one}(air_temperature_c)" for one in ("mean", "min", "max", "count")},
    **{f"wind_{one}": f"{one}(wind_speed_m_s)" for one in ("mean", "min", "max", "count")},
    "dew_point": "et0.dew_point_degc",
    "wet_bulb": "et0.wet_bulb_degc",
    "latitude": f"asset.{PREFIX}latitude_deg",
    "longitude": f"asset.{PREFIX}longitude_deg",
    **{name: f"asset.{name}" for name in (_LIMIT, *_COEFFICIENTS, "frost_error_k")},
    "start_s": "window.start_s",
    "length_s": "window.length_s",
}

STATE = first_of(
    record(
        ("evening_s", "f8"),  # the middle of the hour two hours after the last sunset with air, and what it was like
        ("degc", "f8"),
        ("dew_degc", "f8"),
        ("wind", "f8"),  # a place in `_WINDS`
        ("rest_h", "f8"),  # from there to sunrise
        ("seen_s", "f8"),  # the last hour of the night with a temperature, and the lowest of that night
        ("lowest_degc", "f8"),
    ),
    evening_s=np.nan,
    seen_s=np.nan,
    lowest_degc=np.nan,
)

REASONS = (
    "no [asset.station]",
    "frost_b0, frost_b1, frost_b2: all or none",
    "no night of 4 to 20 h",
    "by day",
    "less than two hours after sunset",
    "no air temperature or humidity two hours after sunset",
    "coefficients foresee no fall",
    "stays above the limit",
    "no wet bulb",
)
_COEFFICIENTS_OF = ("coefficients of the place", "coefficients of FAO's example", "an evening beyond FAO's example")
_WINDS = ("calm", "wind above 2 m/s, in which it cools less", "wind not known")
_NIGHT_H, _EVENING_H = (4.0, 20.0), (1.5, 2.5)


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n stations; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    with np.errstate(all="ignore"):
        middle_s = given["start_s"] + given["length_s"] / 2.0
        moment = sun.mean_solar_moment(middle_s, given["longitude"])
        night = frost.night_at(np.radians(given["latitude"]), moment)
        since = np.where((night.length_h >= _NIGHT_H[0]) & (night.length_h <= _NIGHT_H[1]), night.since_h, np.nan)
        _remember(given, frost.Night(since, night.length_h), middle_s, state)
        out[:] = _told(given, frost.Night(since, night.length_h), middle_s, state)


def _remember(given: dict[str, np.ndarray], night: frost.Night, middle_s: np.ndarray, state: np.ndarray) -> None:
    is_hour = np.zeros(len(state), bool)
    has_air = doubts(given, "temperature", is_hour) == Doubt.NONE
    is_lower = has_air & ~np.isnan(night.since_h)
    is_same = middle_s - state["seen_s"] <= night.since_h * 3600.0
    lowest = np.where(is_same, np.fmin(state["lowest_degc"], given["temperature_min"]), given["temperature_min"])
    of_wind = doubts(given, "wind", is_hour)
    wind = np.where(of_wind == Doubt.NONE, given["wind_mean"] > frost.CALM_M_S, 2.0)
    is_evening = has_air & (night.since_h >= _EVENING_H[0]) & (night.since_h < _EVENING_H[1])
    is_evening &= ~np.isnan(given["dew_point"])
    rest_h = night.length_h - night.since_h
    said = (middle_s, given["temperature_mean"], given["dew_point"], wind, rest_h)
    for name, value in zip(("evening_s", "degc", "dew_degc", "wind", "rest_h"), said, strict=True):
        state[name] = np.where(is_evening, value, state[name])
    for name, value in (("seen_s", middle_s), ("lowest_degc", lowest)):
        state[name] = np.where(is_lower, value, state[name])


def _told(given: dict[str, np.ndarray], night: frost.Night, middle_s: np.ndarray, state: np.ndarray) -> np.ndarray:
    limit, since_h = given[_LIMIT], night.since_h
    by, is_local, is_odd = _coefficients(given)
    evening_h = (middle_s - state["evening_s"]) / 3600.0
    is_tonight = evening_h <= since_h
    degc, dew = (np.where(is_tonight, state[name], np.nan) for name in ("degc", "dew_degc"))
    expected = frost.lowest_of_night_c(degc, dew, by)
    lowest = np.where((middle_s - state["seen_s"]) / 3600.0 <= since_h, state["lowest_degc"], np.nan)
    is_there = lowest <= limit
    until_h = frost.share_until(degc, expected, limit) * state["rest_h"] - evening_h - given["length_s"] / 7200.0
    lead = np.where(is_there, 0.0, np.maximum(until_h, 0.0))
    wet_bulb = given["wet_bulb"]
    holds = [
        np.isnan(given["latitude"]),
        is_odd,
        (night.length_h < _NIGHT_H[0]) | (night.length_h > _NIGHT_H[1]),
        np.isnan(since_h),
        since_h < _EVENING_H[0],
        ~is_tonight,
        np.isnan(expected),
        np.isnan(lead),
        np.isnan(wet_bulb),
    ]
    likely = np.where(is_there, 1.0, frost.probability_below(limit, expected, by.error_k))
    known = np.where(np.isnan(expected), np.nan, 0.0)
    columns = (
        expected,
        likely + known,
        lead + known,
        frost.cooling_c(degc, expected, evening_h / state["rest_h"]),
        lowest,
        wet_bulb,
        len(_WINDS) * _basis(degc, dew, is_local) + state["wind"] + known,
        np.select(holds, list(range(len(holds))), np.nan),
    )
    return np.stack(columns, axis=1)


def _coefficients(given: dict[str, np.ndarray]) -> tuple[frost.Coefficients, np.ndarray, np.ndarray]:
    """What counts, whether it is said of the place, and whether it is said in part only, which gives no figures."""
    said = np.stack([given[name] for name in _COEFFICIENTS])
    is_said = ~np.isnan(said)
    is_local, is_odd = is_said.all(axis=0), is_said.any(axis=0) & ~is_said.all(axis=0)
    example = np.array(frost.EXAMPLE[:3])[:, None]
    b0, b1, b2 = np.where(is_odd, np.nan, np.where(is_local, said, example))
    error = np.where(given["frost_error_k"] > 0.0, given["frost_error_k"], frost.EXAMPLE.error_k)
    return frost.Coefficients(b0, b1, b2, error), is_local, is_odd


def _basis(degc: np.ndarray, dew: np.ndarray, is_local: np.ndarray) -> np.ndarray:
    """Places in `_COEFFICIENTS_OF`."""
    bounds = (frost.EXAMPLE_DEGC, frost.EXAMPLE_DEW_DEGC)
    is_alike = np.all(
        [(one >= low) & (one <= high) for one, (low, high) in zip((degc, dew), bounds, strict=True)], axis=0
    )
    return np.where(is_local, 0, np.where(is_alike, 1, 2))


def basis_name(code: int) -> str:
    """What a basis' number means, in words."""
    return f"{_COEFFICIENTS_OF[code // len(_WINDS)]}; {_WINDS[code % len(_WINDS)]}"


_FAO = "R. L. Snyder and J. P. de Melo-Abreu, Frost Protection, FAO 2005, volume 1, chapter 5"
_STULL = "R. Stull, J. Applied Meteorology and Climatology 50 (2011) 2267"

COMPONENT = derived(
    name="frost",
    meaning="How cold a clear and calm night gets at a weather station, and when it freezes.",
    inputs=INPUTS,
    fields=(
        (
            "expected_min_degc",
            "degC",
            "lowest temperature until sunrise",
            "b0 + b1 T + b2 T_dew, 2 h after sunset",
            _FAO,
        ),
        (
            "frost_probability",
            "1",
            "how likely the limit is reached, if the night is clear; 1 once it was",
            "Φ((frost_limit_c − expected_min_degc) / frost_error_k)",
            "normal errors",
        ),
        (
            "lead_h",
            "h",
            "from the hour's end until the limit is reached; 0 where it is or should be",
            "t(trend_degc = frost_limit_c)",
            _FAO,
        ),
        (
            "trend_degc",
            "degC",
            "what the hour should have, by the evening",
            "T + (expected_min_degc − T) √(t / (t_sunrise − t_evening))",
            _FAO,
        ),
        ("lowest_degc", "degC", "lowest measured of the night so far", "min(air_temperature_c)", "definition"),
        ("wet_bulb_degc", "degC", "of the hour: what a leaf under a sprinkler falls to", "et0.wet_bulb_degc", _STULL),
    ),
    formula=Carried(STATE, step),
    windows=("1h",),
    needs=("et0", "telemetry"),
    terms=Terms(
        texts={
            "basis": Spelled("what the forecast stands on", "basis", basis_name),
            NULL_REASON[0]: Spelled(NULL_REASON[1], "reason", REASONS.__getitem__),
        },
        only=_LIMIT,
        is_default=True,
        parameters=("asset.station",),
        is_needed=lambda plant: plant.says_value(_LIMIT),
    ),
)
