"""The bench `theodolite`: what it sends, what it expects of that, and what it calls sustained."""

import numpy as np
import pytest

from benchmarks import theodolite_model as model
from benchmarks.theodolite_model import Step
from benchmarks.theodolite_subjects import counted
from benchmarks.theodolite_verdict import Course, Search, Verdict, course, rise, verdict

STEPS = [Step(0, 12, 250), Step(12, 9, 30), Step(21, 10, 250)]


def samples(steps: list[Step]) -> list[tuple[int, int, float]]:
    """(sensor, time [ms], power) of all samples, by time."""
    found = []
    for step in steps:
        for number in range(step.first, step.first + step.rounds):
            rows = zip(model.times_ms(step.sensors, number), model.power_kw(step.sensors, number), strict=True)
            found += [(sensor, int(ms), float(kw)) for sensor, (ms, kw) in enumerate(rows)]
    return found


def test_each_sensor_sends_once_a_round_and_all_in_order_of_time() -> None:
    sent = samples(STEPS)

    times = [ms for _, ms, _ in sent]
    assert times == sorted(times)
    assert len(sent) == sum(step.samples for step in STEPS) == 12 * 250 + 9 * 30 + 10 * 250
    assert len({(sensor, ms // model.ROUND_MS) for sensor, ms, _ in sent}) == len(sent)


def test_only_windows_before_the_last_round_are_closed() -> None:
    assert model.closed_windows([Step(0, 10, 1)]) == 0
    assert model.closed_windows([Step(0, 11, 1)]) == 1
    assert model.closed_windows(STEPS) == 3


def test_statistics_are_those_of_a_loop_over_the_samples() -> None:
    by_window: dict[tuple[int, int], list[float]] = {}
    for sensor, ms, kw in samples(STEPS):
        by_window.setdefault((ms // model.WINDOW_MS, sensor), []).append(kw)

    count, mean, low, high = model.statistics(STEPS)

    assert count.shape == (3, 250)
    for window in range(3):
        for sensor in range(250):
            values = by_window[window, sensor]
            assert count[window, sensor] == len(values)
            assert mean[window, sensor] == pytest.approx(sum(values) / len(values))
            assert (low[window, sensor], high[window, sensor]) == (min(values), max(values))


def test_a_sensor_without_samples_in_a_window_has_no_statistics_and_no_newest_value() -> None:
    steps = [Step(0, 10, 5), Step(10, 10, 2), Step(20, 2, 2)]

    assert np.isnan(model.statistics(steps).mean[1, 2:]).all()
    assert np.isnan(model.newest_kw(steps)[1]).tolist() == [False, False, True, True, True]


def test_the_newest_value_is_that_of_the_windows_last_round() -> None:
    assert model.newest_kw(STEPS)[0].tolist() == model.power_kw(250, 9).tolist()
    assert model.newest_kw(STEPS)[1, 100] == model.power_kw(250, 11)[100]  # it was left out from round 12 on


def test_energy_is_that_of_a_fine_sum_under_the_line_through_the_samples() -> None:
    sensor = 3
    times, powers = zip(*[(ms, kw) for which, ms, kw in samples(STEPS) if which == sensor], strict=True)
    grid = np.arange(0, 3 * model.WINDOW_MS, 10) + 5.0  # midpoints of 10 ms
    power = np.where(grid < times[0], 0.0, np.interp(grid, times, powers))
    fine = (power * 10 / 3.6e6).reshape(3, -1).sum(axis=1)

    assert model.energy_kwh(STEPS)[:, sensor] == pytest.approx(fine, rel=1e-4)


def test_energy_over_more_than_five_minutes_without_a_sample_is_unknown() -> None:
    short, long = [Step(0, 2, 3), Step(2, 48, 1), Step(50, 11, 3)], [Step(0, 2, 3), Step(2, 52, 1), Step(54, 11, 3)]

    assert (model.energy_kwh(short)[1:5, 2] > 0).all()  # 49 rounds, 294 s
    assert (model.energy_kwh(long)[1:5, 2] == 0).all()  # 53 rounds, 318 s


def test_groups_are_sums_of_neighbours_and_unknown_only_without_any() -> None:
    values = np.array([[1.0, 2.0, np.nan, 4.0, np.nan]])

    assert model.of_groups(values, 2).tolist()[0][:2] == [3.0, 4.0]
    assert np.isnan(model.of_groups(values, 2)[0, 2])


def test_a_wrong_a_missing_and_an_additional_value_are_told() -> None:
    truth = np.array([[1.0, 2.0, np.nan]])

    assert model.wrong(truth, truth, "x") == []
    assert len(model.wrong(np.array([[1.0, 2.001, np.nan]]), truth, "x")) == 1
    assert len(model.wrong(np.array([[np.nan, 2.0, 0.0]]), truth, "x")) == 2


def lagging(sent_rate: float, processed_rate: float, behind: float = 0.0) -> Course:
    time_s = np.arange(0.0, 10.0, 0.4)
    return Course(time_s, time_s * sent_rate, time_s * processed_rate - behind)


def test_a_load_is_sustained_while_the_lag_does_not_grow() -> None:
    assert verdict(lagging(1000, 1000, behind=300), 1000) is Verdict.SUSTAINED
    assert verdict(lagging(1000, 995), 1000) is Verdict.SUSTAINED  # 0.5 % of the load
    assert verdict(lagging(1000, 985), 1000) is Verdict.GROWING


def test_a_saw_tooth_of_commits_is_no_growing_lag() -> None:
    steady = lagging(1000, 1000)
    saw = steady._replace(processed=steady.processed - 800 * (steady.time_s % 5.0) / 5.0)

    assert abs(rise(saw.time_s, saw.sent - saw.processed)) < 100
    assert verdict(steady._replace(processed=steady.processed - 400), 1000) is Verdict.SUSTAINED


def test_a_load_far_behind_is_not_sustained_and_one_that_was_not_sent_says_nothing() -> None:
    assert verdict(lagging(1000, 1000, behind=2500), 1000) is Verdict.GROWING
    assert verdict(lagging(900, 900), 1000) is Verdict.NO_LOAD


def test_too_few_looks_at_the_lag_are_no_verdict() -> None:
    with pytest.raises(ValueError, match="too few"):
        verdict(Course(*np.zeros((3, 4))), 1000)


def test_what_was_sent_is_told_for_the_moments_of_the_looks() -> None:
    second = 10**9
    sent = [(0, 0.0), (second, 100.0), (2 * second, 200.0)]

    found = course(sent, [(second // 2, 10.0), (second * 3 // 2, 20.0), (5 * second, 99.0)], (0, 2 * second))

    assert found.time_s.tolist() == [0.5, 1.5]
    assert found.sent.tolist() == [50.0, 150.0]
    assert found.processed.tolist() == [10.0, 20.0]


@pytest.mark.parametrize("limit", [5_100, 7_777, 12_900])
def test_the_search_ends_within_a_sixteenth_of_its_range_below_the_limit(limit: int) -> None:
    search = Search(5_000, 13_000)

    for _ in range(4):
        load = search.next
        search.tell(load, Verdict.SUSTAINED if load <= limit else Verdict.GROWING)

    assert search.low <= limit <= search.low + 8_000 / 16 + 1
    assert search.sustained <= limit


def test_a_load_that_was_not_there_is_not_sustained() -> None:
    search = Search(1_000, 3_000)

    search.tell(2_000, Verdict.NO_LOAD)

    assert (search.sustained, search.high) == (0, 2_000)


def test_a_load_that_failed_once_is_not_sustained() -> None:
    search = Search(1_000, 3_000)

    search.tell(3_000, Verdict.SUSTAINED)
    assert search.next == search.sustained == 3_000
    search.tell(3_000, Verdict.GROWING)

    assert (search.sustained, search.next) == (0, 2_000)


def test_a_line_that_is_still_being_written_is_left_out() -> None:
    assert counted("done\n100 5\n200 7\n300 1") == [(100, 5.0), (200, 7.0)]
