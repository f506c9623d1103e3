"""Checkpoints on a log whose records are small: each part is several records, and all of them go when the next checkpoint stands."""

from pathlib import Path

import pytest

from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frames_of

ROWS = [
    Row(f"plant/hall/line{k % 3}/oven", f"power_{k % 7}_kw", T0 + k * SECOND // 4, float(k % 11)) for k in range(2000)
]


@pytest.mark.parametrize("size", [300, 5_000, 1 << 20])
def test_a_checkpoint_in_pieces_is_restored_and_leaves_nothing_behind(size: int, tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.max_record_bytes = size
    rig = EngineRig(log=log)
    rig.wall = T0 + 86_400 * SECOND  # a backlog: rows wait in the checkpoint
    frames = frames_of(ROWS, 50)

    for k in range(0, len(frames), 8):
        rig.send(frames[k : k + 8])
        rig.checkpoint()
        if k % 16:
            rig.crash()
    rig.finish().checkpoint()
    log.flush(10.0)

    newest = {record.key: record for record in log.read(Stream.CHECKPOINTS, 0, 0)}
    kept = {record.offset for record in newest.values() if record.value}
    head = rig.checkpoints._head
    assert head is not None
    named = {
        *(offset for part in (head.counters, head.made_with, head.names, head.state, head.base) for offset, _ in part),
        *(offset for delta in head.deltas for offset, _ in delta),
        *(offset for page in rig.checkpoints._pages.values() for offset, _ in page),
        *(offset for offset, _ in rig.checkpoints._head_ref),
    }
    log.close()
    assert kept == named
    assert differences(EngineRig().send(frames_of(ROWS, 300)).finish().table, rig.table)[:3] == []
