import math

import numpy as np
import pytest

from analysis.productivity import line


def test_a_line_that_meets_demand_cycles_faster_than_its_takt() -> None:
    # 7.5 h for 900 pieces; 600 were made in 6 h of running
    takt, cycle = line.takt_time(27_000, 900), line.cycle_time(21_600, 600)

    assert takt == 30.0
    assert cycle == 36.0
    assert line.throughput(600, 27_000) == pytest.approx(600 / 27_000)


def test_no_pieces_no_demand_and_no_time_have_no_figure() -> None:
    assert math.isnan(line.cycle_time(100, 0))
    assert math.isnan(line.takt_time(100, 0))
    assert math.isnan(line.throughput(0, 0))


def test_the_bottleneck_is_the_station_of_the_lowest_long_run_rate() -> None:
    # The second is slowest by cycle, but there are two of it.
    rates = line.station_rates([20.0, 36.0, 22.0], machines=[1, 2, 1], availability=[0.95, 0.9, 0.8])

    assert rates == pytest.approx([0.95 / 20, 2 * 0.9 / 36, 0.8 / 22])
    assert line.slowest_station(rates) == (2, pytest.approx(0.8 / 22))


def test_by_times_the_bottleneck_is_the_station_that_waits_least() -> None:
    assert line.busiest_station([3_000.0, 3_400.0, 2_000.0], 3_600.0) == (1, pytest.approx(3_400 / 3_600))


def test_of_equal_stations_the_first_counts_and_unknown_ones_are_passed_over() -> None:
    assert line.slowest_station([np.nan, 0.2, 0.2]).station == 1
    assert line.busiest_station([5.0, 5.0], 10.0).station == 0


def test_a_line_of_which_nothing_is_known_has_no_bottleneck() -> None:
    found = line.slowest_station([np.nan, np.nan])

    assert found.station == -1
    assert math.isnan(found.value)
    assert line.slowest_station([]).station == -1


def test_a_balanced_line_wastes_no_station_time() -> None:
    assert line.line_efficiency([30.0, 30.0, 30.0]) == 1.0
    assert line.line_efficiency([30.0, 20.0, 10.0]) == pytest.approx(60 / 90)
    assert line.line_efficiency([30.0, 20.0, 10.0], pace_s=40.0) == pytest.approx(60 / 120)
