"""`fieldline topics grow` on both kinds of log, with stages as processes of their own."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.native.server import Server
from fieldline.frames import decode_batch, encode_readings
from fieldline.log import Log, Stream, open_log
from fieldline.log.kafka_settings import read_url
from fieldline.partition import partition_of
from tests.integration.kafka_rig import admin_of, poll_until
from tests.integration.pipe_rig import Process, fieldline, until
from tests.processing.engine_rig import SECOND, Row, frame_of

pytestmark = pytest.mark.usefixtures("_warm")

LINES = [f"plant/hall/line{k}" for k in range(8)]
WAIT_S = 120.0
START = time.time_ns() // (3600 * SECOND) * 3600 * SECOND - 30 * 3600 * SECOND


@pytest.fixture(params=["sqlite", "kafka"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "kafka":
        make: Callable[[int], str] = request.getfixturevalue("kafka_url")
        return make(2)
    open_log(f"sqlite:{tmp_path}/plant.db", partitions=2).close()
    return f"sqlite:{tmp_path}/plant.db"


def send(log: Log, first_s: int, last_s: int) -> None:
    """A row a minute of each line, in a frame a line."""
    for line in LINES:
        rows = [Row(f"{line}/oven", "power_kw", START + s * SECOND, 5.0) for s in range(first_s, last_s, 60)]
        headers = {"rows": str(len(rows)).encode()}
        partition = partition_of(line, log.partitions(Stream.READINGS))
        value = encode_readings(frame_of(rows, time.time_ns()))
        log.append(Stream.READINGS, partition, line.encode(), value, headers).result(WAIT_S)


def hours(log: Log) -> dict[str, int]:
    """How many samples the newest hour of each line has by now."""
    found: dict[str, tuple[object, int]] = {}
    for partition in range(log.partitions(Stream.METRICS)):
        for record in log.read(Stream.METRICS, partition, 0):
            batch = decode_batch(record.value or b"")
            if (batch.schema.metadata or {})[b"kind"] != b"telemetry":
                continue
            for row in batch.to_pylist():
                line = row["asset"].rpartition("/")[0]
                if row["window"] == "1h" and (line not in found or row["time"] >= found[line][0]):
                    found[line] = row["time"], int(row["count"])
    return {line: count for line, (_, count) in found.items()}


def test_grow_moves_the_running_hour_and_the_accounts_balance(url: str, tmp_path: Path) -> None:
    log = open_log(url)
    send(log, 0, 1800)
    stages = [
        Process("process", tmp_path, "process", "--log", url),
        Process("deliver", tmp_path, "deliver", "--log", url, "--store", str(tmp_path / "results.db")),
    ]
    try:
        for stage in stages:
            stage.start()
        wait_drained(url, stages)
        told = fieldline("topics", "grow", "--partitions", "4", "--log", url, "--json", code=4)
        assert told == ""
        log.close()
        stop(stages)

        grown = json.loads(fieldline("topics", "grow", "--partitions", "4", "--log", url, "--json"))

        moved = {row["line"]: (row["start"], row["stop"]) for row in grown["moved"]}
        changed = {line for line in LINES if partition_of(line, 4) != partition_of(line, 2)}
        assert moved == {line: (partition_of(line, 2), partition_of(line, 4)) for line in changed} and changed
        again = json.loads(fieldline("topics", "grow", "--partitions", "4", "--log", url, "--json"))
        assert again["moved"] == []
        log = open_log(url)
        assert log.partitions(Stream.READINGS) == 4
        for stage in stages:
            stage.start()
        send(log, 1800, 3600)
        wait_drained(url, stages)
        audit = json.loads(fieldline("audit", "--log", url, "--json"))
        assert audit["balanced"] and {source["stored"] for source in audit["sources"]} == {60}
        assert hours(log) == dict.fromkeys(LINES, 60)
    finally:
        for stage in stages:
            stage.abandon()
        log.close()


def test_growing_that_was_broken_off_after_some_topics_is_done_when_it_is_asked_for_again(
    kafka: Server, kafka_url: Callable[..., str]
) -> None:
    url = kafka_url(2)
    topics = [read_url(url).topic(stream) for stream in (Stream.READINGS, Stream.METRICS)]
    admin = admin_of(kafka)
    admin.create_partitions(dict.fromkeys(topics, 4))
    admin.close()
    poll_until(lambda: counts(url)[:2] == [4, 4])

    fieldline("topics", "grow", "--partitions", "2", "--log", url, code=2)
    fieldline("topics", "grow", "--partitions", "4", "--log", url)

    assert counts(url) == [4] * len(Stream)


def counts(url: str) -> list[int]:
    """The number of partitions of each stream."""
    log = open_log(url)
    found = [log.partitions(stream) for stream in Stream]
    log.close()
    return found


def test_what_is_not_worked_off_is_not_grown(url: str) -> None:
    log = open_log(url)
    send(log, 0, 600)

    fieldline("topics", "grow", "--partitions", "4", "--log", url, code=2)

    assert log.partitions(Stream.READINGS) == 2
    log.close()


def test_partitions_that_are_no_multiple_are_refused(url: str) -> None:
    fieldline("topics", "grow", "--partitions", "3", "--log", url, code=2)
    fieldline("topics", "grow", "--partitions", "1", "--log", url, code=2)


def wait_drained(url: str, stages: list[Process]) -> None:
    text = fieldline("status", "--log", url, "--wait", f"{WAIT_S:g}s", "--json", timeout_s=2 * WAIT_S, code=None)
    said = "\n".join(f"--- {stage.name} {stage.health()} {stage.last_words()}" for stage in stages)
    assert json.loads(text or "{}").get("drained"), f"{text}\n{said}"


def stop(stages: list[Process]) -> None:
    for stage in stages:
        stage.stop()
    until(lambda: not any(stage.is_running for stage in stages), WAIT_S, lambda: "a stage goes on")
