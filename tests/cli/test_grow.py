"""`topics grow`: what is in its way, and what is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.answers.grow import grow
from fieldline.errors import SettingsError
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.partition import partition_of
from fieldline.plant import Plant
from fieldline.settings import Settings
from processing.growth import Moved
from processing.partition import Partition
from tests.processing.test_growth import LINES, SETTINGS, Plantlet

MOVED = [
    Moved(line, partition_of(line, 2), partition_of(line, 4))
    for line in LINES
    if partition_of(line, 4) != partition_of(line, 2)
]


@pytest.fixture
def plantlet(tmp_path: Path) -> Iterator[Plantlet]:
    """Two partitions of which everything is worked off, but not delivered."""
    made = Plantlet(tmp_path / "log.db", 2)
    made.send(0, 600)
    made.process()
    yield made
    made.log.close()


def deliver(plantlet: Plantlet) -> None:
    """Have all that was emitted be delivered."""
    reader = plantlet.log.reader(Stream.METRICS, "deliver.store")
    reader.poll(0.0)
    for number in range(plantlet.partitions):
        reader.commit(number, plantlet.log.bounds(Stream.METRICS, number)[1])
    reader.close()


def grown(plantlet: Plantlet, partitions: int) -> list[Moved]:
    plantlet.log.close()
    try:
        return grow(Settings(log=f"sqlite:{plantlet.path}", process=SETTINGS), Plant(), partitions)
    finally:
        plantlet.log = SqliteLog(plantlet.path)


def test_what_is_not_delivered_is_in_the_way(plantlet: Plantlet) -> None:
    with pytest.raises(SettingsError, match="got records or results that wait for deliver 0, deliver 1;"):
        grown(plantlet, 4)

    assert plantlet.partitions == 2


def test_what_growing_began_with_is_not_in_its_way(plantlet: Plantlet, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(plantlet)
    hand_over = Partition.hand_over

    def break_off(self: Partition, *arguments: Any) -> None:
        hand_over(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Partition, "hand_over", break_off)
    with pytest.raises(KeyboardInterrupt):
        grown(plantlet, 4)
    monkeypatch.undo()

    begun = [plantlet.log.bounds(Stream.METRICS, number)[1] for number in (2, 3)]
    assert sorted(grown(plantlet, 4)) == sorted(MOVED)
    assert sorted(begun) == [0, 1]
    assert grown(plantlet, 4) == []
    assert plantlet.partitions == 4
