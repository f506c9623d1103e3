"""Plant diseases on the stream: days and wet periods as hours bring them, sprays that are told late, and weather that can't be."""

from math import isnan, nan

import pytest

from tests.bits.arrivals import event
from tests.oracles.cases import cases
from tests.processing.engine_rig import SECOND, Row, differences, frame_of, frames_of
from tests.processing.farm_sets import BEGIN, BLOCK, HOUR, at_hours, hourly, rig_of

ALL = '[asset.disease]\nmodels = ["tomcast", "scab", "late_blight", "powdery_mildew"]\nseason_start = "04-01"\nspray_at = 4'
EVENINGS = (23, 47, 71, 95)


def spray(hour: int, **said: object) -> Row:
    """Of an event that is told of the same moment, the one that was recorded last counts."""
    return Row(*event(BLOCK, "spray", BEGIN + hour * HOUR, **said)[: len(Row._fields)])


def wet_mornings(days: int) -> list[Row]:
    """Nine wet hours each, at 19 °C: severity 2 of TOMCAST."""
    return hourly({"air_temperature_c": [19.0] * 24 * days, "leaf_wetness_pct": ([100.0] * 9 + [0.0] * 15) * days})


def test_severity_adds_up_until_a_spray_and_is_due_at_the_threshold() -> None:
    rows = sorted([*wet_mornings(4), spray(48 + 12)], key=lambda row: row.time)

    rig = rig_of(ALL, "tomcast").send(frames_of(rows, 50)).finish()

    assert at_hours(rig, "tomcast", "severity", (2, 3, 8, *EVENINGS)) == [0, 1, 2, 2, 2, 0, 2]
    assert at_hours(rig, "tomcast", "severity_sum", (*EVENINGS, 59)) == [2, 4, 0, 2, 6]
    assert at_hours(rig, "tomcast", "is_due", (*EVENINGS, 59)) == [0, 1, 0, 0, 1]


def test_a_spray_that_is_told_late_or_taken_back_gives_what_it_gives_in_time() -> None:
    weather = wet_mornings(3)
    without = rig_of(ALL, "tomcast").send(frames_of(weather, 50)).finish()
    in_time = (
        rig_of(ALL, "tomcast").send(frames_of(sorted([*weather, spray(20)], key=lambda row: row.time), 50)).finish()
    )

    late = rig_of(ALL, "tomcast").send(frames_of(weather, 50))
    late.wait(7200.0, turns=3)
    late.send([frame_of([spray(20)])]).finish()

    assert at_hours(in_time, "tomcast", "severity_sum", (23, 47, 71)) == [0, 2, 4]
    assert not differences(in_time.table, late.table)
    late.send([frame_of([spray(20, phase="void", recorded=BEGIN // SECOND + 90_000)])]).finish()
    assert at_hours(late, "tomcast", "severity_sum", (23, 47, 71)) == at_hours(
        without, "tomcast", "severity_sum", (23, 47, 71)
    )


def test_a_season_begins_anew_on_its_day() -> None:
    rig = rig_of(ALL.replace("04-01", "05-03"), "tomcast").send(frames_of(wet_mornings(3), 50)).finish()

    assert at_hours(rig, "tomcast", "severity_sum", (23, 47, 71)) == [2, 4, 2]


@pytest.mark.parametrize(("dry", "severity"), [(7, 2), (8, 0)])
def test_wet_hours_add_up_over_fewer_than_eight_dry_ones(dry: int, severity: int) -> None:
    wet = [100.0] * 5 + [0.0] * dry + [100.0] * 5

    rig = (
        rig_of(ALL, "scab")
        .send(frames_of(hourly({"air_temperature_c": [18.9] * len(wet), "leaf_wetness_pct": wet}), 50))
        .finish()
    )

    assert at_hours(rig, "scab", "severity", [len(wet) - 1]) == [severity]
    assert at_hours(rig, "scab", "wet_h", [len(wet) - 1]) == [10 if severity else 5]


def test_two_humid_days_are_a_period_unless_one_is_cold() -> None:
    humid = ([95.0] * 12 + [60.0] * 12) * 4
    warm = [12.0] * 48 + [9.0] + [12.0] * 47

    rig = (
        rig_of(ALL, "late_blight")
        .send(frames_of(hourly({"air_temperature_c": warm, "humidity_pct": humid}), 50))
        .finish()
    )

    assert at_hours(rig, "late_blight", "smith", EVENINGS) == [0, 1, 0, 0]
    assert at_hours(rig, "late_blight", "hutton", (28, 29, 30)) == [
        0,
        1,
        1,
    ]  # from the sixth humid hour of the second day on
    assert at_hours(rig, "late_blight", "severity", EVENINGS) == [0, 0, 0, 0]  # 12 h at 12 °C: from 13 h on 1
    assert at_hours(rig, "late_blight", "humid_h", EVENINGS) == [12, 12, 12, 12]


def test_rain_and_severity_of_a_week_bring_the_five_day_schedule() -> None:
    humid, degc = [95.0] * 24 * 8, [20.0] * 24 * 8
    rain = [2.0 * (hour + 1) for hour in range(24)] * 8  # 48 mm a day

    rows = hourly({"air_temperature_c": degc, "humidity_pct": humid, "rain_mm": rain})
    rig = rig_of(ALL, "late_blight").send(frames_of(rows, 100)).finish()

    evenings = range(23, 24 * 8, 24)
    assert at_hours(rig, "late_blight", "severity_7d", evenings) == [4, 8, 12, 16, 20, 24, 28, 28]
    assert at_hours(rig, "late_blight", "favourable_7d", evenings) == [1, 2, 3, 4, 5, 6, 7, 7]
    assert at_hours(rig, "late_blight", "message", (9, 23, 47)) == [-1, 0, 2]


def test_the_mildew_index_of_the_published_days_comes_of_their_hours() -> None:
    (case,) = cases("farm_disease", "gubler_thomas")
    runs = case["inputs"]["run_hours_per_day"]
    degc = [value for run in runs for value in ([15.0] * 10 + [25.0] * run + [15.0] * (14 - run))] + [15.0]

    rig = rig_of(ALL, "powdery_mildew").send(frames_of(hourly({"air_temperature_c": degc}), 50)).finish()

    mornings = range(24, 24 * len(runs) + 1, 24)
    assert at_hours(rig, "powdery_mildew", "index", mornings) == [20, 40, *case["expected"]["index"][2:]]
    assert at_hours(rig, "powdery_mildew", "run_h", range(23, 24 * len(runs), 24)) == runs


def test_a_sensor_that_is_dry_in_the_rain_is_not_believed_and_weather_that_cannot_be_counts_nothing() -> None:
    rain = [0.0, 0.4, 0.8, 0.8, 0.8]
    degc = [15.0, 15.0, 999.0, 15.0, 15.0]

    rows = hourly({"air_temperature_c": degc, "leaf_wetness_pct": [0.0] * 5, "rain_mm": rain})
    rig = rig_of(ALL).send(frames_of(rows, 50)).finish()

    assert at_hours(rig, "leaf_wetness", "is_wet", range(5)) == [0, 1, 1, 0, 0]
    assert at_hours(rig, "leaf_wetness", "wet_h", range(5)) == [0, 1, 1, 1, 1]
    air = at_hours(rig, "leaf_wetness", "air_degc", range(5))
    assert isnan(air[2]) and air[3] == 15.0


def test_without_a_sensor_the_dew_point_says_whether_leaves_are_wet() -> None:
    rows = hourly({"air_temperature_c": [15.0] * 4, "humidity_pct": [60.0, 95.0, 88.0, 80.0]})

    rig = rig_of(ALL).send(frames_of(rows, 50)).finish()

    # The dew point lies 7.7, 0.8, 2.0 and 3.4 K below 15 °C: at 2.0 K leaves stay as they were.
    assert at_hours(rig, "leaf_wetness", "is_wet", range(4)) == [0, 1, 1, 0]


def test_an_hour_of_which_nothing_says_whether_leaves_are_wet_is_unknown() -> None:
    rig = rig_of(ALL).send(frames_of(hourly({"air_temperature_c": [15.0] * 2}), 50)).finish()

    assert all(isnan(one) for one in at_hours(rig, "leaf_wetness", "is_wet", (0, 1)))
    assert at_hours(rig, "leaf_wetness", "wet_h", (0, 1)) == [0, 0]
    assert nan not in at_hours(rig, "leaf_wetness", "wet_h", (0, 1))
