"""The deliver stage over a real log into real sinks: nothing lost, nothing twice, whatever goes away meanwhile."""

import itertools
import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from delivery.again import Span
from delivery.influx_sink import InfluxSink
from delivery.patience import Patience
from delivery.query import query
from delivery.rows import MetricRows
from delivery.sinks import Outcome, Sink, never
from delivery.sinks.local_store import LocalStoreSink
from delivery.stage import DeliverStage
from deploy.native.server import Server
from fieldline.clock import SystemClock
from fieldline.errors import InUse, Unavailable
from fieldline.health import Health
from fieldline.log import Log, Stream, open_log
from fieldline.plant import load_plant
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import metric_frame
from tests.integration.scripted_server import Reply, scripted
from tests.passing_on import PassingOn

T0 = 1_700_000_000_000_000_000
EVERYTHING = Span()
PLANT = load_plant(None)
_numbers = itertools.count(1)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}", partitions=2)
    yield log
    log.close()


class Running:
    """A stage in its thread."""

    def __init__(self, log: Log, sink: Sink, settings: DeliverSettings) -> None:
        self.health = Health("deliver")
        self.log, self.sink = log, sink
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._stage = DeliverStage(
            settings=settings, log=log, sink=sink, health=self.health, clock=SystemClock(), plant=PLANT,
            patience=Patience(random.Random(1)),
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._stage.run(self._stop)
        except BaseException as error:
            self._error = error

    def until(self, is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not is_so():
            assert self._error is None, self._error
            assert time.monotonic() < deadline, self.health.snapshot()
            threading.Event().wait(0.01)

    def until_drained(self) -> None:
        def is_drained() -> bool:
            commits = self.log.commits(Stream.METRICS, self.sink.group)
            ends = {p: self.log.bounds(Stream.METRICS, p)[1] for p in range(self.log.partitions(Stream.METRICS))}
            return all(end == 0 or (p in commits and commits[p].offset == end) for p, end in ends.items())

        self.until(is_drained)

    def stop(self) -> float:
        """Stop, and say how long that took [s]."""
        began = time.monotonic()
        self._stop.set()
        self._thread.join(15.0)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        return time.monotonic() - began


@contextmanager
def running(log: Log, sink: Sink, settings: DeliverSettings) -> Iterator[Running]:
    stage = Running(log, sink, settings)
    try:
        yield stage
    finally:
        stage.stop()


def to_store(tmp_path: Path, **options: object) -> tuple[LocalStoreSink, DeliverSettings]:
    settings = DeliverSettings(store=str(tmp_path / "r.db"), **options)  # type: ignore[arg-type]
    return LocalStoreSink(settings, PLANT.levels, SystemClock()), settings


def to_influx(url: str, **options: object) -> tuple[InfluxSink, DeliverSettings]:
    settings = DeliverSettings(influx=url, **options)  # type: ignore[arg-type]
    return InfluxSink(settings, PLANT.levels, SystemClock()), settings


def append(log: Log, frame: bytes, epoch: int = 1, partition: int = 0, rows: int = 1, **more: bytes) -> None:
    headers = {"kind": b"reading", "rows": str(rows).encode(), "epoch": str(epoch).encode(), **more}
    log.append(Stream.METRICS, partition, b"p/h/l", frame, headers).result(10)


def reading(at: int, value: float, asset: str = "p/h/l/m") -> bytes:
    return metric_frame("reading", [T0 + at], [asset], ["t"], value=[value])


def dead_letters(log: Log) -> list[tuple[bytes, bytes, dict[str, bytes]]]:
    partitions = range(log.partitions(Stream.DEADLETTER))
    return [(r.key, r.value or b"", dict(r.headers)) for p in partitions for r in log.read(Stream.DEADLETTER, p, 0)]


def test_rows_arrive_and_their_offset_is_committed(log: Log, tmp_path: Path) -> None:
    for at in range(20):
        append(log, reading(at, float(at)), partition=at % 2)

    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()
        stage.until(lambda: stage.health.state == "idle")

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [float(at) for at in range(20)]
    assert stage.health.total("rows_received") == stage.health.total("rows_stored") == 20
    assert stage.health.state == "stopped"


def test_a_worker_that_lost_its_partition_cannot_overwrite_its_successor(log: Log, tmp_path: Path) -> None:
    append(log, reading(0, 1.0), epoch=1)
    append(log, reading(0, 2.0), epoch=2)
    append(log, reading(0, 3.0), epoch=1)

    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [2.0]
    assert stage.health.total("fenced_records") == 1


def test_the_highest_epoch_is_remembered_over_a_restart(log: Log, tmp_path: Path) -> None:
    append(log, reading(0, 2.0), epoch=5)
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()
    append(log, reading(0, 1.0), epoch=4)
    append(log, reading(1, 3.0), epoch=5)

    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [2.0, 3.0]


@pytest.mark.parametrize("value", [b"garbage", b"", metric_frame("reading", [T0], ["a"], ["t"], value=[1.0])[:-40]])
def test_a_frame_that_cannot_be_read_is_set_aside_and_the_stream_goes_on(
    log: Log, tmp_path: Path, value: bytes
) -> None:
    append(log, value)
    append(log, reading(1, 7.0))

    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

    ((key, payload, headers),) = dead_letters(log)
    assert key == b"p/h/l" and payload == value
    assert (headers["reason"], headers["origin"], headers["offset"]) == (b"bad_frame", b"deliver", b"0")
    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [7.0]


def test_a_row_of_the_wrong_type_becomes_a_dead_letter_with_both_types(influxdb: Server, log: Log) -> None:
    url = f"{influxdb.url}/stage_{next(_numbers)}?api=v1"
    append(log, metric_frame("energy", [T0], ["p/h/l/m"], None, ["1m"], rev=[0.0]))
    with running(log, *to_influx(url)) as stage:
        stage.until_drained()
    import urllib3

    with urllib3.PoolManager() as http:
        write = url.replace("/stage_", "/write?precision=ns&db=stage_").replace("?api=v1", "")
        assert http.request("POST", write, body=f"reading,asset=z value=1i {T0}".encode()).status == 204
    append(log, reading(0, 1.5))

    with running(log, *to_influx(url)) as stage:
        stage.until_drained()

    ((key, payload, headers),) = dead_letters(log)
    assert key == b"p/h/l" and payload.startswith(b"reading,") and b"value=1.5" in payload
    assert (
        headers["reason"] == b"type_conflict" and b"is type float, already exists as type integer" in headers["detail"]
    )


def test_everything_arrives_after_the_database_was_away(influxdb: Server, log: Log) -> None:
    url = f"{influxdb.url}/stage_{next(_numbers)}?api=v1"
    influxdb.stop()
    for at in range(50):
        append(log, reading(at, float(at)))

    with running(log, *to_influx(url, timeout_s=1.0)) as stage:
        stage.until(lambda: stage.health.state == "degraded" and stage.health.total("writes_failed") >= 2)
        assert not log.commits(Stream.METRICS, "deliver.influx")
        for at in range(50, 100):
            append(log, reading(at, float(at)))
        influxdb.start()
        stage.until_drained()
        stage.until(lambda: stage.health.state in ("active", "idle"))

    assert query("reading", source=url)["value"].to_list() == [float(at) for at in range(100)]


def test_a_stop_while_the_database_is_away_is_quick_and_loses_nothing(log: Log) -> None:
    with scripted(lambda lines: Reply(503, "later", {"Retry-After": "500"})) as server:
        append(log, reading(0, 1.0))
        stage = Running(log, *to_influx(f"{server.url}/b?api=v1"))
        stage.until(lambda: stage.health.total("writes_failed") >= 1)

        took_s = stage.stop()

    assert took_s < 2.0 and not log.commits(Stream.METRICS, "deliver.influx")


def test_a_stop_in_the_middle_of_a_slow_write_lets_it_finish_and_commits_it(log: Log) -> None:
    with scripted(lambda lines: Reply(delay_s=0.5)) as server:
        append(log, reading(0, 1.0))
        stage = Running(log, *to_influx(f"{server.url}/b?api=v1"))
        stage.until(lambda: len(server.requests) > 0)

        took_s = stage.stop()

    assert took_s < 5.0 and log.commits(Stream.METRICS, "deliver.influx")[0].offset == 1


class Forgetful:
    """A sink whose process dies after a write and before the commit."""

    group = "deliver.store"
    target = "forgetful"

    def __init__(self, inner: LocalStoreSink) -> None:
        self._inner = inner

    def open(self) -> None:
        self._inner.open()

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        self._inner.write(batches, is_over)
        raise KeyboardInterrupt("killed between write and commit")

    def close(self) -> None:
        self._inner.close()


def test_a_death_between_write_and_commit_changes_nothing(log: Log, tmp_path: Path) -> None:
    for at in range(10):
        append(log, reading(at, float(at)))
    sink, settings = to_store(tmp_path)
    stage = Running(log, Forgetful(sink), settings)
    with pytest.raises(AssertionError):
        stage.until(lambda: False)
    with pytest.raises(KeyboardInterrupt):
        stage.stop()

    with running(log, *to_store(tmp_path)) as again:
        again.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [float(at) for at in range(10)]


class Reluctant(PassingOn):
    """A real log whose readers can't commit a few times, as Kafka's can't while its group rebalances."""

    def __init__(self, log: Log, refusals: int) -> None:
        super().__init__(log)
        self._refusals = refusals

    def reader(self, stream: Stream, group: str) -> object:
        reader = self._real.reader(stream, group)
        commit = reader.commit

        def reluctant(partition: int, offset: int, note: str = "") -> None:
            self._refusals -= 1
            if self._refusals >= 0:
                raise Unavailable("the group rebalances")
            commit(partition, offset, note)

        reader.commit = reluctant
        return reader


def test_a_store_that_is_deleted_while_it_is_written_to_is_made_again_from_the_log(log: Log, tmp_path: Path) -> None:
    for at in range(6):
        append(log, reading(at, float(at)), partition=at % 2)
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()
        for end in ("", "-wal", "-shm"):
            (tmp_path / f"r.db{end}").unlink(missing_ok=True)

        append(log, reading(6, 6.0))
        stage.until(lambda: stage.health.total("rewinds") == 2)
        stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [float(at) for at in range(7)]


@pytest.mark.parametrize("put_back", [None, 3], ids=["deleted", "an older copy put back"])
def test_a_store_that_is_gone_or_older_at_the_start_is_made_again_from_the_log(
    log: Log, tmp_path: Path, put_back: int | None
) -> None:
    for at in range(6):
        append(log, reading(at, float(at)), partition=at % 2)
        if at == put_back:
            with running(log, *to_store(tmp_path)) as stage:
                stage.until_drained()
            shutil.copy(tmp_path / "r.db", tmp_path / "copy.db")
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()
    (tmp_path / "r.db").unlink()
    if put_back is not None:
        shutil.copy(tmp_path / "copy.db", tmp_path / "r.db")

    with running(log, *to_store(tmp_path)) as stage:
        stage.until(lambda: stage.health.total("rewinds") == 2)
        stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [float(at) for at in range(6)]


class CrashingStore(LocalStoreSink):
    """Writes, and is gone before that is committed."""

    def write(self, batches: Sequence[MetricRows], is_over: Callable[[], bool] = never) -> Outcome:
        super().write(batches, is_over)
        raise RuntimeError("killed")


def stored(tmp_path: Path) -> dict[int, float]:
    rows = query("reading", "p/h/l/m", source=str(tmp_path / "r.db"))
    return dict(zip((rows["time"].dt.epoch("s") - T0 // 10**9).to_list(), rows["value"].to_list(), strict=True))


def second(at: int) -> int:
    return at * 10**9


@pytest.fixture
def after(log: Log, tmp_path: Path) -> Iterator[Log]:
    """Another log, for the same store: that one had delivered seconds 0 to 4."""
    for at in range(5):
        append(log, reading(second(at), 10.0 + at), partition=at % 2)
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()
    after = open_log(f"sqlite:{tmp_path / 'made-again.db'}", partitions=2)
    yield after
    after.close()


def test_what_a_store_has_from_a_log_that_is_gone_stands_and_what_it_lacks_is_written(
    log: Log, after: Log, tmp_path: Path
) -> None:
    for at in (3, 4, 7):
        append(after, reading(second(at), float(at)), partition=at % 2)
    append(after, reading(second(3), 1.0, "p/h/l/another"))

    with capture_logs() as said, running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()
        assert stage.health.total("rows_left") == 2

    assert [event["target"] for event in said if event["event"] == "written_from_another_log"] == [
        str(tmp_path / "r.db")
    ]
    assert stored(tmp_path) == {0: 10.0, 1: 11.0, 2: 12.0, 3: 13.0, 4: 14.0, 7: 7.0}
    assert query("reading", "p/h/l/another", source=str(tmp_path / "r.db"))["value"].to_list() == [1.0]


@pytest.mark.parametrize("is_killed", [False, True], ids=["a restart", "killed before its first commit"])
def test_a_log_that_leaves_what_stands_goes_on_to_revise_what_it_wrote_itself(
    log: Log, after: Log, tmp_path: Path, is_killed: bool
) -> None:
    append(after, reading(second(4), 4.0))
    append(after, reading(second(7), 7.0))
    sink, settings = to_store(tmp_path)
    if is_killed:
        with pytest.raises(RuntimeError, match="killed"):
            once = DeliverStage(
                settings=settings, log=after, sink=CrashingStore(settings, PLANT.levels, SystemClock()),
                health=Health("deliver"), clock=SystemClock(), plant=PLANT,
            )  # fmt: skip
            once.run(threading.Event())
    else:
        with running(after, sink, settings) as stage:
            stage.until_drained()

    append(after, reading(second(4), 5.0))
    append(after, reading(second(7), 8.0))
    with capture_logs() as said, running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert stored(tmp_path) == {0: 10.0, 1: 11.0, 2: 12.0, 3: 13.0, 4: 14.0, 7: 8.0}
    assert not [event for event in said if event["event"] == "written_from_another_log"]


def test_a_log_that_is_put_back_goes_on_with_what_it_wrote(log: Log, after: Log, tmp_path: Path) -> None:
    append(after, reading(second(4), 4.0))
    with running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()

    append(log, reading(second(4), 15.0))
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert stored(tmp_path)[4] == 15.0


def test_delivering_once_more_writes_over_what_stands_and_so_does_what_comes_after(
    log: Log, after: Log, tmp_path: Path
) -> None:
    append(after, reading(second(4), 4.0))
    with running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()

    once_more(after, *to_store(tmp_path))
    first = stored(tmp_path)[4]
    append(after, reading(second(4), 5.0))
    with running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert (first, stored(tmp_path)[4]) == (4.0, 5.0)


def test_a_log_whose_commits_were_lost_after_readings_were_removed_delivers_all_it_has(
    log: Log, after: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(after, reading(second(4), 4.0))
    monkeypatch.setattr("delivery.standing.began_ns", lambda log, clock: None)  # as a log that begins behind offset 0

    with running(after, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert stored(tmp_path)[4] == 4.0


def once_more(log: Log, sink: Sink, settings: DeliverSettings, span: Span = EVERYTHING) -> Health:
    health = Health(sink.group)
    stage = DeliverStage(
        settings=settings, log=log, sink=sink, health=health, clock=SystemClock(), plant=PLANT, again=span
    )
    stage.run(threading.Event())
    return health


def test_a_database_that_was_emptied_is_filled_once_more_from_the_log(influxdb: Server, log: Log) -> None:
    for at in range(20):
        append(log, reading(at, float(at)), partition=at % 2, epoch=2)
    append(log, reading(0, 99.0), epoch=1)
    before = f"{influxdb.url}/once_{next(_numbers)}?api=v1"
    emptied = f"{influxdb.url}/once_{next(_numbers)}?api=v1"
    with running(log, *to_influx(before)) as stage:
        stage.until_drained()
    commits = log.commits(Stream.METRICS, "deliver.influx")

    some = once_more(log, *to_influx(emptied), Span(T0 + 5, T0 + 8))
    first = query("reading", source=emptied)["value"].to_list()
    everything = once_more(log, *to_influx(emptied))

    assert (first, some.total("rows_stored"), everything.total("rows_stored")) == ([5.0, 6.0, 7.0], 3, 20)
    assert query("reading", source=emptied).equals(query("reading", source=before))
    assert log.commits(Stream.METRICS, "deliver.influx") == commits and not dead_letters(log)


@pytest.mark.parametrize("is_again", [False, True], ids=["a new sink", "once more"])
def test_of_a_line_that_moved_what_was_emitted_after_it_is_delivered_last(
    log: Log, tmp_path: Path, is_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.stage._POLL_BYTES", 1)  # one record of each partition at a time
    for value in range(6):
        append(log, reading(0, float(value)), partition=1)
    append(log, metric_frame("moved", [], []), rows=0, follows=b"1:6")
    append(log, reading(0, 99.0))
    append(log, reading(1, 1.0), partition=1)

    if is_again:
        once_more(log, *to_store(tmp_path, batch_lines=1))
    else:
        with running(log, *to_store(tmp_path, batch_lines=1)) as stage:
            stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [99.0, 1.0]
    assert not dead_letters(log)


@pytest.mark.parametrize("follows", [b"1:700", b"1:0", b"7:1", b"none"])
def test_nothing_waits_for_rows_that_the_log_does_not_have(log: Log, tmp_path: Path, follows: bytes) -> None:
    append(log, reading(0, 1.0), partition=1)
    append(log, reading(1, 2.0), follows=follows)

    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

    assert query("reading", source=str(tmp_path / "r.db"))["value"].to_list() == [1.0, 2.0]


def test_an_empty_log_is_delivered_once_more_at_once(log: Log, tmp_path: Path) -> None:
    assert once_more(log, *to_store(tmp_path)).total("rows_stored") == 0


def test_nothing_is_delivered_once_more_beside_a_running_stage(log: Log, tmp_path: Path) -> None:
    append(log, reading(0, 1.0))
    with running(log, *to_store(tmp_path)) as stage:
        stage.until_drained()

        with pytest.raises(InUse):
            once_more(log, *to_store(tmp_path))


def test_a_commit_that_the_log_refuses_for_now_is_made_up_for_without_new_rows(log: Log, tmp_path: Path) -> None:
    append(log, reading(0, 1.0), epoch=3)
    append(log, reading(1, 2.0), epoch=3, partition=1)

    with running(Reluctant(log, refusals=3), *to_store(tmp_path)) as stage:  # type: ignore[arg-type]
        stage.until_drained()

    assert stage.health.total("commits_postponed") == 3 and stage.health.total("rows_stored") == 2
    assert json.loads(log.commits(Stream.METRICS, "deliver.store")[1].note)["epoch"] == 3


def test_memory_stays_at_a_batch_while_the_database_is_away(log: Log) -> None:
    frame = metric_frame("reading", [T0 + i for i in range(5000)], ["a"] * 5000, ["t"] * 5000, value=[1.0] * 5000)
    for _ in range(60):
        append(log, frame, rows=5000)

    sizes: list[int] = []
    with scripted(lambda lines: (sizes.append(len(lines)), Reply(500, "no"))[1]) as server:
        stage = Running(log, *to_influx(f"{server.url}/b?api=v1"))
        stage.until(lambda: stage.health.total("writes_failed") >= 3)
        stage.stop()
    taken = stage.health.snapshot()["gauges"]["rows_waiting"]

    # 4 MiB of frames of 5,000 rows at some 28 bytes a row, and never more than one poll of them
    assert 5000 <= taken <= 250_000 and set(sizes) == {5000}


def test_two_workers_share_kafkas_partitions_and_one_may_leave(influxdb: Server, kafka_url: Callable[..., str]) -> None:
    url = f"{influxdb.url}/stage_{next(_numbers)}?api=v1"
    log, other = open_log(address := kafka_url(2)), open_log(address)
    numbers = itertools.count()

    def append_some() -> None:
        for _ in range(20):
            at = next(numbers)
            append(log, reading(at, float(at)), partition=at % 2)

    append_some()
    with running(log, *to_influx(url)) as stays:
        stays.until_drained()
        leaves = Running(other, *to_influx(url))
        append_some()
        leaves.until(lambda: leaves.health.total("rows_stored") > 0 or _has_all(log), timeout_s=30.0)
        leaves.stop()
        append_some()
        stays.until(lambda: _has_all(log), timeout_s=30.0)

    log.close()
    other.close()
    assert query("reading", source=url)["value"].to_list() == [float(at) for at in range(60)]


def test_a_long_outage_does_not_cost_the_partitions_nor_the_rows_of_new_ones(
    influxdb: Server, kafka_url: Callable[..., str]
) -> None:
    url = f"{influxdb.url}/stage_{next(_numbers)}?api=v1"
    log, other = open_log(address := kafka_url(2)), open_log(address)
    influxdb.stop()
    for at in range(20):
        append(log, reading(at, float(at)), partition=at % 2)

    with running(log, *to_influx(url, timeout_s=1.0)) as first:
        first.until(lambda: first.health.total("writes_failed") >= 1, timeout_s=30.0)
        with running(other, *to_influx(url, timeout_s=1.0)) as second:
            second.until(lambda: second.health.total("writes_failed") >= 1, timeout_s=30.0)
            influxdb.start()
            first.until(lambda: _has_all(log), timeout_s=40.0)

    log.close()
    other.close()
    assert query("reading", source=url)["value"].to_list() == [float(at) for at in range(20)]


def _has_all(log: Log) -> bool:
    commits = log.commits(Stream.METRICS, "deliver.influx")
    return all(p in commits and commits[p].offset >= log.bounds(Stream.METRICS, p)[1] for p in range(2))
