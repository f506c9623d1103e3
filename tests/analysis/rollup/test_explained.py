"""Figures of areas are worked out once more from the readings of each of their lines."""

import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from analysis.explain.rolled_up import explain_rolled_up, lines_below
from analysis.explain.wanted import Asked
from analysis.no_such_window import NoSuchWindow
from fieldline.errors import SettingsError
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from tests.analysis.rollup.test_rolled_up_lines import rows_of_lines
from tests.analysis.worked_lines import WorkedLines
from tests.processing.engine_rig import T0
from tests.processing.machine_sets import PLANT

HOUR = 3600 * 10**9
HALL1 = "plant/hall1"


class Worked(WorkedLines):
    """The machines of three lines."""

    def explained(self, kind: str, path: str, at: int, log: Any = None, **changed: float) -> Any:
        def rows(*asked: Any) -> list[dict[str, Any]]:
            found = self.results.rows(*asked)
            return [row | changed if row["asset"] == path else row for row in found]

        lines = lines_below(self.log, PLANT, path)
        return explain_rolled_up(
            log or self.log, PLANT, rows, lines, Asked(kind, path, "", at, "1h"), time.time_ns(), lambda _: None
        )


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    worked = Worked(tmp_path_factory.mktemp("worked"), PLANT, rows_of_lines(Random(3)))
    yield worked
    worked.close()


@pytest.mark.parametrize("kind", ["losses", "oee", "quality", "production_order"])
@pytest.mark.parametrize("path", ["plant", HALL1])
def test_every_figure_of_an_area_agrees_with_the_recount_of_its_lines(worked: Worked, kind: str, path: str) -> None:
    compared = 0
    for row in worked.results.rows(kind, path, "1h", 0, 1 << 62):
        found = worked.explained(kind, path, row["time"])
        if not found.doubt:
            assert found.differing() == [], row
            compared += len(found.lines[kind]) > 1

    assert compared > 2


def test_a_figure_that_is_not_the_sum_of_its_lines_is_named(worked: Worked) -> None:
    row = worked.results.rows("oee", HALL1, "1h", 0, 1 << 62)[0]

    found = worked.explained("oee", HALL1, row["time"], planned_busy_time_s=row["planned_busy_time_s"] + 1.0)

    assert found.differing() == ["planned_busy_time_s"]


def test_lines_and_what_lies_below_them_are_not_rolled_up(worked: Worked) -> None:
    below = {
        path: lines_below(worked.log, PLANT, path)
        for path in ("plant/hall2", "plant/hall1/line1", "plant/hall1/line1/press")
    }

    assert below == {"plant/hall2": ["plant/hall2/line1"], "plant/hall1/line1": [], "plant/hall1/line1/press": []}


def test_what_is_not_rolled_up_says_so(worked: Worked) -> None:
    with pytest.raises(
        SettingsError, match="areas and sites have losses, oee, quality and production_order; got 'energy'"
    ):
        worked.explained("energy", HALL1, T0)
    with pytest.raises(NoSuchWindow):
        worked.explained("oee", HALL1, T0 - 100 * HOUR)


class CountedReads:
    """A log that counts how often a stream is read."""

    def __init__(self, log: SqliteLog) -> None:
        self._log, self.reads = log, Counter[Stream]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, stream: Stream, *where: int) -> Any:
        self.reads[stream] += 1
        return self._log.read(stream, *where)


def test_the_readings_of_all_lines_and_kinds_are_read_once(worked: Worked) -> None:
    row = worked.results.rows("oee", "plant", "1h", 0, 1 << 62)[0]
    log = CountedReads(worked.log)

    found = worked.explained("oee", "plant", row["time"], log=log)

    assert {kind: len(lines) for kind, lines in found.lines.items()} == {"losses": 3, "oee": 3}
    assert log.reads[Stream.READINGS] == 1
