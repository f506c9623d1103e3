"""Rows that are run again in other portions than before a crash: what was emitted meanwhile does not stay."""

from pathlib import Path

import numpy as np
import pytest

from fieldline.frames import decode_metrics, encode_metrics
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from processing.emitted import emitted_since, rows_emitted
from processing.metric_rows import WINDOWS
from processing.timeline.registry import Registry
from tests.processing.engine_rig import SECOND, T0, EngineRig, Row, differences, frame_of

_OVEN = "plant/hall/line1/oven"


def temperature(second: float, value: float) -> Row:
    return Row(_OVEN, "temp_c", T0 + round(second * SECOND), value)


def test_a_window_that_changed_and_changes_back_is_emitted_again_after_a_crash(tmp_path: Path) -> None:
    rows = [temperature(5, 0.0), temperature(130, 1.0), temperature(300, 2.0)]
    up, down = temperature(50, 5.0), temperature(55, 0.0)
    want = EngineRig().send([frame_of([*rows, up, down])]).finish()
    log = SqliteLog(tmp_path / "checkpoints.db")
    rig = EngineRig(log=log).send([frame_of(rows)])
    rig.wait(2)
    rig.checkpoint()

    rig.send([frame_of([up])])
    rig.wait(2)
    rig.send([frame_of([down])])
    rig.crash(frames_a_step=2)
    rig.finish()
    log.close()

    assert differences(want.table, rig.table) == []


_LINE, _PRESS, _OTHER = "plant/hall/line1", "plant/hall/line1/press", "plant/hall/line2/saw"
_SERIES = [(_LINE, "@order"), (_OVEN, "temp_c"), (_PRESS, "state"), (_PRESS, "good_count"), (_OTHER, "state")]


def emitted(
    log: SqliteLog, kind: str, asset: str, tag: str | None, window: str | None, start: int = 60, first: int = 0
) -> set[tuple[str, str, int, int]]:
    """What is to be emitted again after one row: asset, tag, level and start, where the partition knows `_SERIES`."""
    rig = EngineRig().send([frame_of([Row(*name, T0, 1.0) for name in _SERIES])])
    names: Registry = rig.engine.registry
    code = np.zeros(1, np.int32)
    column = [None if name is None else (code, [name]) for name in (tag, window)]
    frame = encode_metrics(kind, np.array([start]), (code, [asset]), *column, {"rev": np.zeros(1)})
    log.append(Stream.METRICS, 0, b"", frame, {}).result(10)
    rows = emitted_since(log, 0, first, names).tolist()
    return {(names.assets[names.series[k][0]], names.tags[names.series[k][1]], level, at) for k, level, at in rows}


@pytest.fixture
def log(tmp_path: Path) -> SqliteLog:
    return SqliteLog(tmp_path / "plant.db")


@pytest.mark.parametrize(
    ("kind", "asset", "tag", "window", "level", "series"),
    [
        ("telemetry", _PRESS, "good_count", "1m", 0, [_SERIES[3]]),
        ("energy", _PRESS, None, "15m", 1, _SERIES[2:4]),
        ("oee", _LINE, None, "shift", 6, _SERIES[:4]),
        ("losses", _OTHER, None, "week", 4, [_SERIES[4]]),
        ("spc", _PRESS, "scrap_ratio", "1h", 2, _SERIES[2:4]),
        ("spc", _LINE, "scrap_ratio", "order", 7, _SERIES[:4]),
        ("oee", "plant/hall/line9", None, "shift", 6, []),
        ("telemetry", _PRESS, "good_count", "1s", -1, []),
        ("telemetry", _PRESS, "good_count", "decade", -1, []),
        ("reading", _PRESS, "good_count", None, -1, []),
    ],
)
def test_a_row_is_emitted_again_by_the_series_that_it_is_made_of_a_lines_own_by_all_of_the_line(
    log: SqliteLog,
    kind: str,
    asset: str,
    tag: str | None,
    window: str | None,
    level: int,
    series: list[tuple[str, str]],
) -> None:
    found = emitted(log, kind, asset, tag, window)

    log.close()
    assert found == {(asset, tag, level, 60) for asset, tag in series}


def test_what_stood_on_the_stream_before_the_checkpoint_is_not_emitted_again(log: SqliteLog) -> None:
    emitted(log, "oee", _LINE, None, "shift")

    found = emitted(log, "oee", _PRESS, None, "shift", start=120, first=1)

    log.close()
    assert found == {(asset, tag, 6, 120) for asset, tag in _SERIES[2:4]}


def test_rows_of_a_frame_that_are_known_and_stand_are_found_by_their_identities() -> None:
    rig = EngineRig().send([frame_of([Row(*name, T0, 1.0) for name in _SERIES])])
    names, codes = rig.engine.registry, np.array([0, 0, 1], np.int32)
    fields = {"active_energy_kwh": np.array([1.5, 2.5, 3.5]), "rev": np.array([2.0, 0.0, 0.0])}
    said = fields | {"retracted": np.array([0.0, 1.0, 0.0])}
    named = {"product": (np.array([0, -1, 0], np.int32), ["A"])}, {"order_id": (np.zeros(3, np.int32), ["4711"])}
    columns = (np.array([60, 120, 180]), (codes, [_PRESS, "plant/hall/line9/new"]), None, (codes * 0, ["order"]))

    rows = rows_emitted(decode_metrics(encode_metrics("energy", *columns, said, *named)), names)

    assert rows is not None
    press = names.asset_number(_PRESS)
    assert rows.identities() == [(60, press, WINDOWS.index("order"), (("product", "A"),))]
    assert rows.fields["rev"].tolist() == [2.0]
    assert np.isnan(rows.fields["active_energy_kwh"]).all()
    assert list(rows.texts) == ["order_id"]


@pytest.mark.parametrize("window", [None, "1s", "decade"])
def test_rows_of_seconds_and_of_single_readings_are_none_that_could_be_retracted(window: str | None) -> None:
    rig = EngineRig().send([frame_of([Row(*name, T0, 1.0) for name in _SERIES])])
    code = np.zeros(1, np.int32)
    column = None if window is None else (code, [window])

    frame = encode_metrics("reading", np.array([60]), (code, [_PRESS]), (code, ["state"]), column, {"rev": np.zeros(1)})

    assert rows_emitted(decode_metrics(frame), rig.engine.registry) is None
