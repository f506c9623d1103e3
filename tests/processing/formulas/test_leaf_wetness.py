import numpy as np

from processing.formulas.leaf_wetness import SOURCES, leaf_wetness


def test_a_sensor_is_believed_unless_it_is_dry_in_the_rain() -> None:
    sensor, rain = [0.6, 0.4, 0.0, 1.0, 0.0], [0.0, 0.0, 0.2, 3.0, 0.1]

    found = leaf_wetness(sensor, rain, 0.5, 1.0)

    np.testing.assert_array_equal(found.is_wet, [1.0, 0.0, 1.0, 1.0, 0.0])
    told = [SOURCES[int(k)] for k in found.source]
    assert told == ["sensor", "sensor", "rain, though the sensor is dry", "sensor", "sensor"]


def test_without_a_sensor_leaves_stay_as_they_were_between_the_bounds_of_the_dew_point() -> None:
    wet, told = 0.0, []
    for depression in (3.0, 2.0, 1.8, 2.0, 2.19, 2.2, 2.0):
        wet = float(leaf_wetness(np.nan, 0.0, depression, wet).is_wet)
        told.append(wet)

    assert told == [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_what_a_sensor_cannot_say_is_no_answer_of_it() -> None:
    found = leaf_wetness([-0.1, 1.7, np.nan, np.nan], [0.0, 5.0, np.nan, 0.0], [1.0, np.nan, np.nan, np.nan], 1.0)

    np.testing.assert_array_equal(found.is_wet, [1.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(found.source, [3.0, 2.0, np.nan, np.nan])
