"""The stage that rolls lines up, beside one that delivers: areas in the results, over restarts, lost files and holders that come back."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from analysis.across.making import Across
from analysis.audit.lag import is_drained, measure
from analysis.rollup.areas import Areas
from analysis.rollup.sink import DerivingSink
from delivery.query import query
from delivery.sinks import Sink
from delivery.sinks.local_store import LocalStoreSink
from delivery.stage import DeliverStage
from fieldline.across import entries_across
from fieldline.clock import SystemClock
from fieldline.health import Health
from fieldline.log import Log, Poll, Stream, open_log
from fieldline.plant import Plant, load_plant
from fieldline.plantfile import PlantFile
from fieldline.settings import DeliverSettings
from tests.delivery.metric_frames import metric_frame
from tests.passing_on import PassingOn

T0 = 1_700_002_800_000_000_000
PLANT = load_plant(None)
LINES = ("plant/hall1/line1", "plant/hall1/line2")
_LATE_S = 60.0


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = open_log(f"sqlite:{tmp_path / 'plant.db'}", partitions=2)
    yield log
    log.close()


class SharedReader(PassingOn):
    """A reader of a group whose other member holds partition 1 until it is `alone`."""

    alone: threading.Event

    def poll(self, timeout_s: float, max_bytes: int = 16 << 20) -> Poll:
        poll = self._real.poll(timeout_s, max_bytes)
        self.kept = [*getattr(self, "kept", []), *(number for number in poll.assigned if number == 1)]
        records = [record for record in poll.records if record.partition == 0 or self.alone.is_set()]
        if not self.alone.is_set():
            self._real.seek(1, 0)
            return poll._replace(assigned=[number for number in poll.assigned if number == 0], records=records)
        assigned, self.kept = [*(number for number in poll.assigned if number == 0), *self.kept], []
        return poll._replace(assigned=assigned, records=records)


class Shared(PassingOn):
    """A log whose readers are such."""

    def __init__(self, real: Log) -> None:
        super().__init__(real)
        self.alone = threading.Event()

    def reader(self, stream: Stream, group: str) -> SharedReader:
        reader = SharedReader(self._real.reader(stream, group))
        reader.alone = self.alone
        return reader


def work(log: Log, folder: Path, plant: Plant = PLANT) -> Health:
    """Roll up and deliver all there is, and make metrics across lines where the plant has some; the roll-up's health."""
    settings, clock, stop = DeliverSettings(store=str(folder / "results.db")), SystemClock(), threading.Event()
    sinks: list[Sink] = [
        DerivingSink(Areas(plant), folder / "plant.rollup.db", log, clock),
        LocalStoreSink(settings, plant.levels, clock),
    ]
    if entries_across(plant):
        sinks.append(DerivingSink(Across(plant), folder / "plant.rollup.across.db", log, clock))
    groups_wanted = {sink.group for sink in sinks}
    healths = [Health(sink.group) for sink in sinks]
    stages = [
        DeliverStage(settings=settings, log=log, sink=sink, health=health, clock=clock, plant=PLANT)
        for sink, health in zip(sinks, healths, strict=True)
    ]
    threads = [threading.Thread(target=stage.run, args=(stop,)) for stage in stages]
    for thread in threads:
        thread.start()
    for _ in itertools.takewhile(lambda tries: tries < _LATE_S / 0.05, itertools.count()):
        groups = {lag.stage for lag in measure(log)}
        at_rest = all(health.state == "idle" for health in healths)
        lags = [lag for lag in measure(log) if lag.stage != "process"]
        if at_rest and groups_wanted <= groups and is_drained(lags):
            break
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(20.0)
        assert not thread.is_alive()
    return healths[0]


def counted(log: Log, line: str, pieces: float, partition: int, hour: int = 0, **headers: str) -> None:
    """A line's pieces of an hour, as a worker of the process stage emits them."""
    frame = metric_frame("quality", [T0 + hour * 3600 * 10**9], [line], None, ["1h"], good_count=[pieces], rev=[0.0])
    told = {"kind": "quality", "rows": "1"} | (headers or {"epoch": "1"})
    log.append(Stream.METRICS, partition, b"", frame, {name: text.encode() for name, text in told.items()}).result(10)


def areas(folder: Path) -> dict[str, list[float]]:
    """Good pieces of areas and sites, hour by hour."""
    rows = query("quality", "*", "1h", source=str(folder / "results.db"))
    found: dict[str, list[float]] = {}
    for asset, good in zip(rows["asset"], rows["good_count"], strict=True):
        if asset not in LINES:
            found.setdefault(asset, []).append(good)
    return found


def test_lines_of_all_partitions_are_in_their_area(log: Log, tmp_path: Path) -> None:
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0 + partition, partition)

    health = work(log, tmp_path)

    assert areas(tmp_path) == {"plant": [21.0], "plant/hall1": [21.0]}
    assert health.total("rows_received") == 2


def test_a_line_that_is_corrected_after_a_restart_meets_what_the_others_had(log: Log, tmp_path: Path) -> None:
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0, partition)
    work(log, tmp_path)

    counted(log, LINES[1], 12.0, 1)
    work(log, tmp_path)

    assert areas(tmp_path) == {"plant": [22.0], "plant/hall1": [22.0]}


def test_a_file_that_is_lost_is_made_again_from_the_stream(log: Log, tmp_path: Path) -> None:
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0, partition)
    work(log, tmp_path)
    (tmp_path / "plant.rollup.db").unlink()

    counted(log, LINES[1], 12.0, 1)
    work(log, tmp_path)

    assert areas(tmp_path) == {"plant": [22.0], "plant/hall1": [22.0]}


def test_rows_of_a_holder_that_was_followed_are_passed_over_and_those_of_workers_are_not(
    log: Log, tmp_path: Path
) -> None:
    counted(log, LINES[0], 10.0, 0, epoch="3")
    work(log, tmp_path)

    counted(log, "plant/hall1", 99.0, 0, rollup="1")  # by somebody who held the partitions before
    counted(log, LINES[1], 5.0, 0, epoch="3")
    counted(log, LINES[1], 99.0, 0, epoch="2")
    work(log, tmp_path)

    assert areas(tmp_path) == {"plant": [15.0], "plant/hall1": [15.0]}


def test_a_process_that_holds_some_partitions_rolls_nothing_up_until_it_has_the_others(
    log: Log, tmp_path: Path
) -> None:
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0, partition)
    shared, clock, stop = Shared(log), SystemClock(), threading.Event()
    sink, health = DerivingSink(Areas(PLANT), tmp_path / "plant.rollup.db", log, clock), Health("deliver.rollup")
    stage = DeliverStage(settings=DeliverSettings(), log=shared, sink=sink, health=health, clock=clock, plant=PLANT)  # type: ignore[arg-type]
    thread = threading.Thread(target=stage.run, args=(stop,))
    thread.start()

    def until(is_so: Callable[[], bool]) -> None:
        for _ in itertools.takewhile(lambda tries: tries < _LATE_S / 0.05 and not is_so(), itertools.count()):
            stop.wait(0.05)
        assert is_so(), health.reason

    until(lambda: "let one alone have deliver.rollup" in health.reason)
    held = health.state, rolled_up(log)
    shared.alone.set()
    until(lambda: rolled_up(log) >= 1)
    stop.set()
    thread.join(20.0)

    assert held == ("degraded", 0)
    work(log, tmp_path)
    assert areas(tmp_path) == {"plant": [20.0], "plant/hall1": [20.0]}


def rolled_up(log: Log) -> int:
    """Records that the roll-up has appended."""
    return sum("rollup" in record.headers for record in log.read(Stream.METRICS, 0, 0))


def test_a_damaged_record_of_the_rolled_up_is_one_dead_letter_and_stops_nothing(log: Log, tmp_path: Path) -> None:
    counted(log, LINES[0], 10.0, 0)
    counted(log, "plant/hall1", 1.0, 0, rollup="no number")

    work(log, tmp_path)

    assert areas(tmp_path) == {"plant": [10.0], "plant/hall1": [10.0]}
    letters = [record for number in range(2) for record in log.read(Stream.DEADLETTER, number, 0)]
    assert [b"turn" in record.headers["detail"] for record in letters] == [True] * len(letters)
    assert 1 <= len(letters) <= 2


def share_of_hall(value: str) -> Plant:
    """A plant whose lines each have a share of their hall's pieces, by some expression."""
    entry = {"kind": "share", "asset": "plant/hall1/*", "windows": ["1h"], "assets": {"hall": "plant/hall1"}}
    return Plant(msgspec.convert({"metric": [entry | {"field": {"of_pieces": {"value": value}}}]}, PlantFile))


def shares(folder: Path) -> dict[str, list[float]]:
    rows = query("share", "*", "1h", source=str(folder / "results.db"))
    return {asset: [value] for asset, value in zip(rows["asset"], rows["of_pieces"], strict=True)}


def test_metrics_across_lines_are_made_beside_the_roll_up(log: Log, tmp_path: Path) -> None:
    plant = share_of_hall("quality.good_count / hall.quality.good_count")
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0 * (1 + 2 * partition), partition)

    for _ in range(2):  # once more after a restart: two makers, whose turns are each for itself
        work(log, tmp_path, plant)

    assert shares(tmp_path) == {LINES[0]: [0.25], LINES[1]: [0.75]}
    assert areas(tmp_path) == {"plant": [40.0], "plant/hall1": [40.0]}
    counted(log, LINES[0], 90.0, 0)
    work(log, tmp_path, plant)
    assert shares(tmp_path) == {LINES[0]: [0.75], LINES[1]: [0.25]}


def test_another_definition_of_a_metric_across_lines_is_given_everything_again(log: Log, tmp_path: Path) -> None:
    for partition, line in enumerate(LINES):
        counted(log, line, 10.0 * (1 + 2 * partition), partition)
    work(log, tmp_path, share_of_hall("quality.good_count / hall.quality.good_count"))

    health = work(log, tmp_path, share_of_hall("100 * quality.good_count / hall.quality.good_count"))

    assert shares(tmp_path) == {LINES[0]: [25.0], LINES[1]: [75.0]}
    assert health.total("rewinds") == 0  # the roll-up goes on
