"""`late_blight`: per hour, what the humidity of the last days makes likely of late blight of potato and tomato, by three rules.

    late_blight,asset=farm/north/field1,window=1h severity=2,severity_7d=6,favourable_7d=5,message=2,smith=0,hutton=1,humid_h=14,
        schedule="spray every 5 days",coverage=1,rev=0

Rows are of assets whose `[asset.disease]` has the model `late_blight`. Temperature, humidity (`humidity_pct`) and rain are those of the
asset's `station`. A humid hour is one with a mean relative humidity of 90 % and more. Days are local ones, and the day that runs counts
with what it has so far; a day of which nothing was heard has no severity and no rain, and interrupts a period.

`severity` is Wallin's value of the day, `severity_7d` the sum of it and the six days before. A day is rain-favourable when the mean
temperature of five days is below 25.5 °C and 30 mm fell in ten. `message` and `schedule` are BLITECAST's, which a grower follows once
the season's first spray is done. `smith` and `hutton` say that yesterday and today make a period. What was sprayed changes none of
these: they judge weather.
"""

import numpy as np

from fieldline.plantfile.disease import PREFIX
from processing.derived.definition import Spelled
from processing.derived.metric import Carried, Terms, derived
from processing.formulas.disease import HUTTON_HOURS, SMITH_HOURS, blitecast_message, is_blight_day, wallin_severity
from processing.formulas.weather import Doubt, doubts
from processing.kernels.jit import record
from processing.kernels.kept import first_of

INPUTS = {
    "degc": "leaf_wetness.air_degc",
    "rain_mm": "leaf_wetness.rain_mm",
    **{f"humidity_{one}": f"{one}(station.humidity_pct)" for one in ("mean", "min", "max", "count")},
    "day": "window.day_number",
}

_WEEK, _RAINY, _MEAN = 7, 10, 5

STATE = first_of(
    record(
        ("day", "f8"),
        ("hours", "f8"),  # of the day, with temperature and humidity, the sum of temperatures, and the lowest
        ("degc_h", "f8"),
        ("coldest", "f8"),
        ("humid_h", "f8"),
        ("humid_degc_h", "f8"),
        ("rain", "f8"),
        ("was_smith", "f8"),  # yesterday
        ("was_hutton", "f8"),
        ("severity", "f8", _WEEK - 1),  # of days before, newest first; NaN: nothing was heard of it
        ("favourable", "f8", _WEEK - 1),
        ("rained", "f8", _RAINY - 1),
        ("means", "f8", _MEAN - 1),
    ),
    day=-1.0,
    coldest=np.nan,
    severity=np.nan,
    favourable=np.nan,
    rained=np.nan,
    means=np.nan,
)

MESSAGES = ("no spray", "late blight warning", "spray every 7 days", "spray every 5 days")
_HUMID_PCT = 90.0
_COOL_C, _WET_MM = 25.5, 30.0
_OF_TODAY = {"hours": 0.0, "degc_h": 0.0, "coldest": np.nan, "humid_h": 0.0, "humid_degc_h": 0.0, "rain": 0.0}


def step(inputs: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """One hour of each of n places; see `Carried`."""
    given = dict(zip(INPUTS, inputs.T, strict=True))
    day = np.where(np.isnan(given["day"]), state["day"], given["day"])
    days = np.where(state["day"] < 0.0, 0.0, np.clip(day - state["day"], 0.0, _RAINY))
    for number in range(_RAINY):
        ends = days > number
        if not ends.any():
            break
        _end_day(state, ends, is_heard=number == 0)
    state["day"] = day
    _add_hour(state, given)
    out[:] = np.stack(_told(state), axis=1)


def _add_hour(state: np.ndarray, given: dict[str, np.ndarray]) -> None:
    degc, doubt = given["degc"], doubts(given, "humidity", np.zeros(len(state), bool))
    counts = ~np.isnan(degc) & (doubt == Doubt.NONE)
    is_humid = counts & (given["humidity_mean"] >= _HUMID_PCT)
    state["hours"] += counts
    state["degc_h"] += np.where(counts, degc, 0.0)
    state["coldest"] = np.fmin(state["coldest"], degc)
    state["humid_h"] += is_humid
    state["humid_degc_h"] += np.where(is_humid, degc, 0.0)
    state["rain"] += np.nan_to_num(given["rain_mm"])


def _end_day(state: np.ndarray, ends: np.ndarray, *, is_heard: bool) -> None:
    """The day is one of those before; is_heard : whether it is the one that the state has hours of, else a day without any."""
    nothing = np.full(len(state), np.nan)
    today = (
        [nothing] * 4 if not is_heard else [_severity(state), _is_favourable(state), state["rain"].copy(), _mean(state)]
    )
    blight = [nothing] * 2 if not is_heard else [_is_blight(state, hours) for hours in (SMITH_HOURS, HUTTON_HOURS)]
    for name, value in zip(("severity", "favourable", "rained", "means"), today, strict=True):
        moved = np.concatenate([value[:, None], state[name][:, :-1]], axis=1)
        state[name] = np.where(ends[:, None], moved, state[name])
    for name, value in zip(("was_smith", "was_hutton"), blight, strict=True):
        state[name] = np.where(ends, np.nan_to_num(value), state[name])
    for name, first in _OF_TODAY.items():
        state[name] = np.where(ends, first, state[name])


def _told(state: np.ndarray) -> list[np.ndarray]:
    severity = _severity(state)
    week = _sum(state["severity"]) + np.nan_to_num(severity)
    favourable = _sum(state["favourable"]) + np.nan_to_num(_is_favourable(state))
    message = np.asarray(blitecast_message(favourable, week))
    periods = [
        np.where(np.isnan(today), np.nan, today * state[before])
        for today, before in (
            (_is_blight(state, SMITH_HOURS), "was_smith"),
            (_is_blight(state, HUTTON_HOURS), "was_hutton"),
        )
    ]
    return [severity, week, favourable, message, *periods, state["humid_h"].copy(), message + 1.0]


def _severity(state: np.ndarray) -> np.ndarray:
    hours = state["humid_h"]
    mean = np.divide(state["humid_degc_h"], hours, out=np.full(len(hours), np.nan), where=hours > 0.0)
    return np.where(state["hours"] > 0.0, wallin_severity(hours, mean), np.nan)


def _mean(state: np.ndarray) -> np.ndarray:
    hours = state["hours"]
    return np.divide(state["degc_h"], hours, out=np.full(len(hours), np.nan), where=hours > 0.0)


def _is_favourable(state: np.ndarray) -> np.ndarray:
    """Whether the day is rain-favourable, by it and those before of which something was heard."""
    today = _mean(state)
    means = np.concatenate([today[:, None], state["means"]], axis=1)
    count = (~np.isnan(means)).sum(axis=1)
    mean = np.divide(_sum(means), count, out=np.full(len(count), np.nan), where=count > 0)
    is_favourable = (mean < _COOL_C) & (_sum(state["rained"]) + state["rain"] >= _WET_MM)
    return np.where(np.isnan(today), np.nan, is_favourable)


def _is_blight(state: np.ndarray, hours: float) -> np.ndarray:
    return np.asarray(is_blight_day(state["coldest"], state["humid_h"], hours))


def _sum(days: np.ndarray) -> np.ndarray:
    """Of days of which something was heard, float64[n], one after the other: the same bits however many places there are."""
    total = np.zeros(len(days))
    for column in np.nan_to_num(days).T:
        total = total + column
    return total


_WALLIN = "J. R. Wallin, American Potato J. 39 (1962) 231; UC IPM"
_BLITECAST = "R. A. Krause, L. B. Massie and R. A. Hyre, Plant Disease Reporter 59 (1975) 95"
_HUTTON = "S. Dancey, P. Skelsey and D. Cooke, The Hutton Criteria, James Hutton Institute 2017"

COMPONENT = derived(
    name="late_blight",
    meaning="Risk of late blight of potato and tomato (Phytophthora infestans).",
    inputs=INPUTS,
    fields=(
        ("severity", "1", "severity value of the local day so far", "table(humid_h, their mean temperature)", _WALLIN),
        ("severity_7d", "1", "the sum of seven days", "Σ severity", _BLITECAST),
        (
            "favourable_7d",
            "1",
            "rain-favourable days of seven",
            "Σ (mean of 5 d < 25.5 °C and rain of 10 d ≥ 30 mm)",
            _BLITECAST,
        ),
        ("message", "1", "BLITECAST's advice: -1, 0, 1, 2", "matrix(favourable_7d, severity_7d)", _BLITECAST),
        (
            "smith",
            "1",
            "1 in a Smith period",
            "2 days, each ≥ 10 °C and ≥ 11 humid h",
            "L. P. Smith, Plant Pathology 5 (1956) 83",
        ),
        ("hutton", "1", "1 where the Hutton criteria are met", "2 days, each ≥ 10 °C and ≥ 6 humid h", _HUTTON),
        ("humid_h", "h", "hours of the local day so far with 90 % humidity and more", "Σ (humidity ≥ 90 %)", _WALLIN),
    ),
    formula=Carried(STATE, step, of_lines=True),
    windows=("1h",),
    needs=("leaf_wetness", "telemetry"),
    terms=Terms(
        texts={"schedule": Spelled("`message` in words", "message_number", MESSAGES.__getitem__)},
        only=f"{PREFIX}late_blight",
        is_default=True,
        parameters=("asset.disease",),
        is_needed=lambda plant: plant.has_diseases,
    ),
)
