from analysis.audit.lag import is_drained, measure, wait_drained
from fieldline.clock import ManualClock
from tests.analysis.written_log import WrittenLog, counts


def test_metrics_that_nobody_ever_delivered_are_lag(written: WrittenLog) -> None:
    written.put_energy("a/b/c", [1.0])

    process, deliver = measure(written.log)

    assert (process.stage, process.lag) == ("process", 0)
    assert (deliver.stage, deliver.lag) == ("deliver", 1)
    assert not is_drained([process, deliver])


def test_each_sink_has_its_own_lag(written: WrittenLog) -> None:
    written.put_energy("a/b/c", [1.0])
    written.put_energy("a/b/c", [2.0])
    written.commit_delivery(2, "deliver.store")
    written.commit_delivery(1, "deliver.influx")

    lags = {lag.stage: lag.lag for lag in measure(written.log)}

    assert lags == {"process": 0, "deliver.influx": 1, "deliver.store": 0}


def test_results_that_are_still_to_come_are_not_drained(written: WrittenLog) -> None:
    written.put_readings("a/b/c", [1.0])
    written.commit_process(1, {"a/b/c": counts(stored=1)}, unemitted=1)

    process = measure(written.log)[0]

    assert process.lag == 0
    assert process.unemitted
    assert not process.is_drained


def test_waiting_measures_again_until_drained(written: WrittenLog) -> None:
    written.put_readings("a/b/c", [1.0])
    clock = ManualClock()

    def pause(seconds: float) -> None:
        clock.advance(seconds)
        written.commit_process(1, {"a/b/c": counts(stored=1)})

    drained, _ = wait_drained(lambda: measure(written.log), 60.0, clock, pause)

    assert drained
    assert clock.monotonic() < 1.0


def test_waiting_ends_when_the_time_is_up(written: WrittenLog) -> None:
    written.put_readings("a/b/c", [1.0])
    clock = ManualClock()

    drained, lags = wait_drained(lambda: measure(written.log), 5.0, clock, clock.advance)

    assert not drained
    assert lags[0].lag == 1
    assert 5.0 <= clock.monotonic() < 5.1
