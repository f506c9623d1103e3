"""A reader of several partitions takes from each of them."""

from pathlib import Path

from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog

READINGS = Stream.READINGS


def test_a_backlog_of_one_partition_leaves_the_others_their_share_of_every_poll(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", partitions=3)
    waiting = [log.append(READINGS, 0, b"", bytes(1000)) for _ in range(200)]
    waiting += [log.append(READINGS, partition, b"", b"fresh") for partition in (1, 2)]
    for done in waiting:
        done.result(10)
    reader = log.reader(READINGS, "process")

    first = reader.poll(5.0, 10_000).records
    log.append(READINGS, 2, b"", b"fresher").result(10)
    second = reader.poll(5.0, 10_000).records

    assert {record.partition for record in first} == {0, 1, 2}
    assert (2, b"fresher") in {(record.partition, record.value) for record in second}
    assert sum(record.partition == 0 for record in first + second) < 50
    log.close()
