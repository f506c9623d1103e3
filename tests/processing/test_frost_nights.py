"""Nights of frost on the stream: when a forecast is there, what it stands on, and why there is none."""

from math import isnan

import numpy as np
import pytest

from tests.processing.engine_rig import EngineRig, frames_of
from tests.processing.farm_sets import BEGIN, HOUR, STATION, at_hours, hourly, rig_of

LIMIT = '[[asset]]\npath = "farm/*/weather"\nvalues = {{ frost_limit_c = -1.0{more} }}\n'
EVENING = 20  # UTC: on 1 May at 48° N, 11° E the sun sets at 18:19, so that two hours after it lie in this hour


def night_of(degc: list[float], more: str = "", wind: float = 1.0, dew: float = -5.0) -> EngineRig:
    """An hourly temperature from midnight on, with a dew point that stays."""
    columns = {
        "air_temperature_c": degc,
        "dew_point_c": [dew] * len(degc),
        "wind_speed_m_s": [wind] * len(degc),
    }
    rig = rig_of(LIMIT.format(more=more), "frost", needs=("et0", "telemetry"))
    return rig.send(frames_of(hourly(columns), 50)).finish()


def texts(rig: EngineRig, field: str, hour: int) -> str | None:
    return rig.texts("frost", STATION, "1h")[BEGIN + hour * HOUR][field]


COLD = [12.0] * 18 + [8.0, 6.0, 4.0, 2.5, 1.5, 0.6, 0.0, -0.6, -1.2, -1.4, -1.5, 6.0, 12.0]


def test_a_night_is_foretold_from_two_hours_after_sunset_to_sunrise() -> None:
    rig = night_of(COLD)

    # T = 4.0 and T_dew = -5 in the hour around two hours after sunset: -5.822 + 0.5028 * 4 - 0.0265 * 5. `et0` has the dew point by way
    # of the vapour pressure, whose two formulas leave 0.003 K.
    expected = at_hours(rig, "frost", "expected_min_degc", range(18, 31), STATION)
    assert expected == pytest.approx([np.nan] * 2 + [-3.9433] * 8 + [np.nan] * 3, abs=2e-4, nan_ok=True)
    lead = at_hours(rig, "frost", "lead_h", range(EVENING, 28), STATION)
    # The night is 9.45 h long. The curve is at -1 °C after (5 / 7.9433)² of the rest of it; at 02:00 it was measured.
    assert lead[0] == pytest.approx(lead[1] + 1.0) and 2.0 < lead[0] < 3.0 and lead[6:] == [0.0, 0.0]
    likely = at_hours(rig, "frost", "frost_probability", (EVENING, 26), STATION)
    assert likely[0] > 0.99 and likely[1] == 1.0
    assert at_hours(rig, "frost", "lowest_degc", (22, 26), STATION) == [1.5, -1.2]
    assert at_hours(rig, "frost", "trend_degc", (EVENING,), STATION) == [4.0]
    assert texts(rig, "basis", EVENING) == "coefficients of FAO's example; calm"
    assert texts(rig, "null_reason", 19) == "less than two hours after sunset"
    assert texts(rig, "null_reason", 12) == "by day"


def test_coefficients_of_the_place_count_and_wind_is_told() -> None:
    rig = night_of(COLD, more=", frost_b0 = -2.0, frost_b1 = 0.5, frost_b2 = 0.0, frost_error_k = 2.0", wind=3.0)

    assert at_hours(rig, "frost", "expected_min_degc", (EVENING,), STATION) == [0.0]
    assert isnan(at_hours(rig, "frost", "lead_h", (EVENING,), STATION)[0])
    assert at_hours(rig, "frost", "frost_probability", (EVENING,), STATION) == pytest.approx([0.3085375])  # Φ(-0.5)
    assert texts(rig, "basis", EVENING) == "coefficients of the place; wind above 2 m/s, in which it cools less"
    assert texts(rig, "null_reason", EVENING) == "stays above the limit"


def test_an_evening_without_air_or_beyond_the_nights_of_the_example_says_so() -> None:
    broken = night_of([99.0 if hour == EVENING else degc for hour, degc in enumerate(COLD)])
    warm = night_of([9.0] * 24, dew=6.0)

    assert isnan(at_hours(broken, "frost", "expected_min_degc", (23,), STATION)[0])
    assert texts(broken, "null_reason", 23) == "no air temperature or humidity two hours after sunset"
    assert texts(warm, "basis", 23) == "an evening beyond FAO's example; calm"
    assert (
        texts(night_of(COLD, more=", frost_b0 = 1.0"), "null_reason", 23) == "frost_b0, frost_b1, frost_b2: all or none"
    )
