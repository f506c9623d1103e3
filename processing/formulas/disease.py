"""Plant disease risk by published tables: what hours of wetness or humidity at a temperature are worth, and what follows from days of it.

All by comparison and counting, so the same bits everywhere. NaN is a value that does not exist, and what needs it does not either.
"""

import numpy as np
from numpy.typing import ArrayLike

from processing.formulas.division import Floats, floats, plain, where_valid

_TOMCAST = ((13, 17, (7, 16, 21)), (18, 20, (4, 9, 16, 23)), (21, 25, (3, 6, 13, 21)), (26, 29, (4, 9, 16, 23)))
"""Coolest and warmest mean temperature [degC], and the hours of wetness from which on it is 1, 2, 3 and 4."""

_WALLIN = ((7.2, 11.6, (16, 19, 22, 25)), (11.7, 15.0, (13, 16, 19, 22)), (15.1, 26.6, (10, 13, 16, 19)))
"""The same of hours of humidity of 90 % and more."""

SCAB = ("none", "minimal", "light", "moderate", "severe")
"""Severity of an infection of apple scab, by number."""

_SCAB_F = (33, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 75, 76, 77, 78)
_SCAB_HOURS = np.array(
    (
        (41, 30, 25, 22, 20, 19, 17, 15, 14.5, 14, 13, 12, 12, 11.5, 11, 11, 10, 10, 10, 9.5, 9, 9, 9, 9, 9.5, 11, 13),
        (55, 40, 34, 30, 27, 26, 23, 20, 20, 19, 18, 18, 17, 16, 16, 15, 14, 14, 13, 13, 13, 12, 12, 12, 12, 14, 17),
        (80, 60, 51, 45, 41, 39, 35, 30, 30, 29, 27, 26, 26, 24, 24, 22, 22, 21, 21, 20, 20, 19, 18, 18, 19, 21, 26),
    ),
    np.float64,
)
"""Hours of wetness from which on an infection is light, moderate and severe, at mean temperatures [degF]."""
_SCAB_SOONER_H = 3.0
_SCAB_HOTTEST_F = 80.0

_ASCOSPORE_F = (34, 36, 37, 39, 41, 43, 45, 46, 48, 50, 52, 54, 55, 57, 59, 61, 75, 77, 79)
_ASCOSPORE_H = (41, 35, 30, 28, 21, 18, 15, 13, 12, 11, 9, 8, 8, 7, 7, 6, 6, 8, 11)

SMITH_HOURS, HUTTON_HOURS = 11.0, 6.0
_BLIGHT_COLDEST_C = 10.0

_FEW_FAVOURABLE = 5
_BLITECAST = (((4, -1), (5, 0), (7, 1)), ((3, -1), (4, 0), (5, 1)))
"""Messages of severity values below a bound, with few and with many rain-favourable days; from the last bound on 2."""

MILDEW_RUN_H, _MILDEW_DAYS, _MILDEW_START = 6.0, 3.0, 60.0
MILDEW_COOLEST_C, MILDEW_WARMEST_C, MILDEW_DEADLY_C = 21.1, 29.4, 35.0


def tomcast_severity(wet_hours: ArrayLike, temperature_c: ArrayLike) -> Floats:
    """TOMCAST disease severity value of a day, 0 to 4: early blight, Septoria and anthracnose of tomato, and others.

    wet_hours : float64[...], of leaf wetness in the day [h]; temperature_c : float64[...], their mean temperature, counted to the nearest
    whole degree, halves upwards [degC]. Of a day without wetness the temperature may be NaN: it is 0.
    (R. E. Pitblado, TOMCAST, Ridgetown 1992; table as of UC IPM and Ohio State)
    """
    return _severity(_TOMCAST, floats(wet_hours), np.floor(floats(temperature_c) + 0.5))


def since_spray(before: ArrayLike, severity: ArrayLike, is_sprayed: ArrayLike) -> Floats:
    """The sum of severity values since the last spray, after one day more: one that is due at a threshold takes what is above it away, too.

    before : float64[...], the sum before the day; severity : float64[...], the day's, NaN counts nothing
    is_sprayed : whether there was a spray since `before` was reached
    """
    return plain(np.where(np.asarray(is_sprayed, np.bool_), 0.0, floats(before)) + np.nan_to_num(floats(severity)))


def wallin_severity(humid_hours: ArrayLike, temperature_c: ArrayLike) -> Floats:
    """Wallin's severity value of a period of humidity, 0 to 4: late blight of potato and tomato.

    humid_hours : float64[...], with a relative humidity of 90 % and more [h]; temperature_c : float64[...], their mean temperature, counted
    to the nearest tenth [degC]. (J. R. Wallin, American Potato J. 39 (1962) 231; as in BLITECAST and UC IPM)
    """
    return _severity(_WALLIN, floats(humid_hours), np.floor(floats(temperature_c) * 10.0 + 0.5) / 10.0)


def _severity(table: tuple[tuple[float, float, tuple[int, ...]], ...], hours: Floats, degc: Floats) -> Floats:
    found = np.zeros(np.broadcast_shapes(hours.shape, degc.shape))
    for coolest, warmest, bounds in table:
        inside = (degc >= coolest) & (degc <= warmest)
        found += inside * np.sum([hours >= bound for bound in bounds], axis=0)
    return where_valid((hours == 0.0) | ~(np.isnan(hours) | np.isnan(degc)), found)


def blitecast_message(favourable_days: ArrayLike, severity: ArrayLike) -> Floats:
    """BLITECAST's advice against late blight: -1 no spray, 0 late blight warning, 1 a 7-day and 2 a 5-day spray schedule.

    favourable_days : float64[...], rain-favourable of the last 7 days; severity : float64[...], sum of severity values of these
    (R. A. Krause, L. B. Massie and R. A. Hyre, Plant Disease Reporter 59 (1975) 95; matrix as of Pessl Instruments)
    """
    days, values = floats(favourable_days), floats(severity)
    few, many = (_message(bounds, values) for bounds in _BLITECAST)
    return where_valid(~(np.isnan(days) | np.isnan(values)), np.where(days < _FEW_FAVOURABLE, few, many))


def _message(bounds: tuple[tuple[int, int], ...], values: Floats) -> Floats:
    return np.select([values < bound for bound, _ in bounds], [message for _, message in bounds], 2).astype(np.float64)


def scab_severity(wet_hours: ArrayLike, temperature_c: ArrayLike) -> Floats:
    """Severity of an infection of apple leaves by scab, as a place in `SCAB`: Jones's revision of Mills' table.

    wet_hours : float64[...], of the wet period [h]; temperature_c : float64[...], its mean temperature [degC]. Rows of whole degrees
    Fahrenheit, between them linear; below 33 °F and above 80 °F none. `minimal` is 3 h less than `light`, what MacHardy and Gadoury
    found that ascospores need less; `ascospore_hours` is their own table.
    (A. L. Jones and T. B. Sutton, Diseases of Tree Fruits, NCR 45, 1984; New England Tree Fruit Management Guide)
    """
    hours, degf = floats(wet_hours), _fahrenheit(temperature_c)
    light, moderate, severe = (np.interp(degf, _SCAB_F, row) for row in _SCAB_HOURS)
    found = np.sum([hours >= bound for bound in (light - _SCAB_SOONER_H, light, moderate, severe)], axis=0)
    inside = (degf >= _SCAB_F[0]) & (degf <= _SCAB_HOTTEST_F)
    return where_valid(~(np.isnan(hours) | np.isnan(degf)), np.where(inside, found, 0))


def ascospore_hours(temperature_c: ArrayLike) -> Floats:
    """The fewest hours of wetness in which ascospores of scab infect an apple leaf, by day; NaN below 34 and above 79 °F.

    temperature_c : float64[...], mean of the wet period; linear between rows of the table [degC]
    (W. E. MacHardy and D. M. Gadoury, Phytopathology 79 (1989) 304, as printed by West Virginia University)
    """
    degf = _fahrenheit(temperature_c)
    inside = (degf >= _ASCOSPORE_F[0]) & (degf <= _ASCOSPORE_F[-1])
    return where_valid(inside, np.interp(degf, _ASCOSPORE_F, _ASCOSPORE_H))


def _fahrenheit(temperature_c: ArrayLike) -> Floats:
    """Temperatures in tenths of a degree Fahrenheit: a whole degree is its row of a table, whatever it was converted from."""
    return np.floor((floats(temperature_c) * 1.8 + 32.0) * 10.0 + 0.5) / 10.0


def is_blight_day(coldest_c: ArrayLike, humid_hours: ArrayLike, hours: float) -> Floats:
    """Whether a day favours potato blight, 1 or 0: 10 °C at least, and so many hours of 90 % humidity and more.

    coldest_c : float64[...], the day's lowest temperature [degC]; humid_hours : float64[...] [h]; hours : `SMITH_HOURS`, `HUTTON_HOURS`.
    Two days in a row are a period. (L. P. Smith, Plant Pathology 5 (1956) 83; S. Dancey, P. Skelsey and D. Cooke, Hutton Criteria, 2017)
    """
    coldest, humid = floats(coldest_c), floats(humid_hours)
    is_known = ~(np.isnan(coldest) | np.isnan(humid))
    return where_valid(is_known, (coldest >= _BLIGHT_COLDEST_C) & (humid >= hours))


def mildew_index(
    index: ArrayLike, days: ArrayLike, run_hours: ArrayLike, is_deadly: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """The risk index of grape powdery mildew after one day more, 0 to 100, and how many days in a row came before it began.

    index : float64[...], before it, NaN: it has not begun; days : float64[...], days in a row with a run
    run_hours : float64[...], longest run in the day between 21.1 and 29.4 °C [h]; is_deadly : whether 35 °C was reached for a quarter-hour.
    It begins at 60 with the third day in a row of 6 h; then such a day adds 20, any other and a deadly one take 10.
    (W. D. Gubler, M. R. Rademacher, S. J. Vasquez and C. S. Thomas, Control of Powdery Mildew Using the UC Davis Risk Index, 1999; UC IPM)
    """
    before, has_run = floats(index), floats(run_hours) >= MILDEW_RUN_H
    in_a_row = np.where(has_run, floats(days) + 1.0, 0.0)
    change = np.where(has_run, 20.0, -10.0) - np.where(has_run & (floats(is_deadly) > 0.0), 10.0, 0.0)
    begun = np.where(in_a_row >= _MILDEW_DAYS, _MILDEW_START, np.nan)
    return plain(np.where(np.isnan(before), begun, np.clip(before + change, 0.0, 100.0))), plain(in_a_row)
