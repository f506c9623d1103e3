"""A site whose slices come to be of another length: what stands stays, its lines begin anew, other sites go on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fieldline.errors import SettingsError
from fieldline.line_depths import check_lines, check_none_other
from fieldline.log import Stream
from fieldline.plant import Plant
from fieldline.plantfile import PlantFile, SiteEntry
from processing.checkpoint import lines_from
from processing.kernels import layout as at
from processing.preview import preview
from tests.processing.engine_rig import SECOND, Row
from tests.processing.test_line_depth_changed import PRESS, PUMPS, before, send, standing
from tests.processing.test_state_lost import HOUR, NOW, Plantful

BY_HOUR = Plant(PlantFile(site=(SiteEntry(path="farm", slice="1h"),)))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Plantful]:
    rig = Plantful(tmp_path / "plant.db")
    yield rig
    rig.close()


@pytest.mark.parametrize(("was", "now"), [(Plant(), BY_HOUR), (BY_HOUR, Plant())], ids=["longer", "shorter"])
def test_what_stood_stays_and_the_lines_begin_with_the_next_whole_window(rig: Plantful, was: Plant, now: Plant) -> None:
    rig.open(was)
    send(rig, 0, 3)
    stood = standing(rig)

    rig.open(now)
    rig.take()
    send(rig, 3, 6)
    rig.append(Row(PUMPS[0], "power_kw", NOW + HOUR + 30 * SECOND, 5000.0))
    rig.open()  # a restart, and what is late for windows of before it
    send(rig, 6, 8)

    rows = standing(rig)
    assert before(rows, 3.0) == before(stood, 3.0)
    assert [rows[pump, "1h", hour] for pump in PUMPS for hour in (4.0, 5.0)] == [pytest.approx(10.0)] * 4
    assert ((PUMPS[0], "1m", 5.0) in rows) is (now is not BY_HOUR)
    assert rows[PRESS, "day", 0.0] == pytest.approx(80.0, abs=0.2)
    assert {mark.why for mark in rig.partition.state.marks} == {("site.slice",)}
    assert (rig.partition.engine.tables.lines["slice"] > at.MINUTE).sum() == (2 if now is BY_HOUR else 0)


def test_check_says_it_before_and_a_state_is_not_moved_as_it_is(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 2)
    offsets = [rig.log.bounds(stream, 0)[1] for stream in (Stream.METRICS, Stream.DEADLETTER)]

    (found,) = preview(rig.log, rig.settings, BY_HOUR, rig.clock)

    assert "slice is another: the lines farm/north/f1, farm/south/f2 have slices of another length now" in found.start
    assert "farm/north/f1: has slices of another length (site.slice) and begins anew" in found.changes[0]
    assert [rig.log.bounds(stream, 0)[1] for stream in (Stream.METRICS, Stream.DEADLETTER)] == offsets
    check_lines(rig.log, BY_HOUR)
    with pytest.raises(SettingsError, match="slice: that of lines farm/north/f1, farm/south/f2 is another"):
        check_none_other(rig.log, BY_HOUR)
    rig.open(BY_HOUR)
    rig.take()
    check_none_other(rig.log, BY_HOUR)


def test_lines_of_a_checkpoint_of_before_slices_had_lengths_are_of_minutes(rig: Plantful) -> None:
    rig.open(Plant())
    send(rig, 0, 1)
    lines = rig.partition.engine.tables.lines

    older = lines.view(np.uint64).reshape(len(lines), -1)[:, :-1]

    assert (lines_from(older) == lines).all()
