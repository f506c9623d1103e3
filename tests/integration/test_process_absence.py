"""Three weeks without process, on a clock that hurries: nothing is lost, and memory stays flat. The long form is `python -m benchmarks absence`."""

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import psutil
import pytest

from analysis.audit.balance import audit
from fieldline.clock import SystemClock
from fieldline.frames import Readings, decode_batch, encode_readings
from fieldline.health import Health
from fieldline.log import Log, Stream
from fieldline.log.sqlite import SqliteLog
from fieldline.log.sqlite_file import connect
from fieldline.log.sqlite_retention import Retention
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.stage import ProcessStage

T0 = 1_767_225_600 * 10**9  # 2026-01-01
DAYS, MINUTES = 21, 21 * 1440
STEP_S = 20
KEPT_S = 7 * 60.0
"""A day of retention is a minute that somebody watched."""
ASSETS = [f"plant/hall/line{k}/oven" for k in range(3)]
WAIT_S = 300.0


def append_day(log: Log, day: int) -> None:
    """A reading each 20 s of each asset, in a frame an hour."""
    for hour in range(day * 24, day * 24 + 24):
        moments = np.repeat(T0 + np.arange(hour * 3600, hour * 3600 + 3600, STEP_S) * 10**9, len(ASSETS))
        asset = np.arange(len(moments), dtype=np.int32) % len(ASSETS)
        zeros = np.zeros(len(moments), np.int32)
        kw = 10.0 + asset
        frame = encode_readings(
            Readings(moments, moments, asset, zeros, kw, zeros.astype(np.uint8), ASSETS, ["power_kw"])
        )
        log.append(Stream.READINGS, 0, b"", frame, {"rows": b"%d" % len(moments)}).result(10)


@pytest.mark.usefixtures("kernels")
def test_three_weeks_without_process_lose_nothing_and_cost_no_memory(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "plant.db", partitions=1, is_kept=False)
    keeping, db = Retention(KEPT_S, None), connect(tmp_path / "plant.db")
    log.reader(Stream.READINGS, "process").close()
    looks = count(1)

    def watch(seconds: float) -> int:
        return sum(keeping.prune(db, next(looks) * 10.0) for _ in range(int(seconds / 10.0)))

    away = []
    for day in range(DAYS):
        append_day(log, day)
        assert watch(3 * KEPT_S / DAYS) == 0
        away.append(_own_bytes())
    assert max(away[7:]) - away[6] < 16 << 20, [size >> 20 for size in away]

    health, stop, back = Health("process"), threading.Event(), []
    settings = ProcessSettings(row_cache_mb=8, node_cache_mb=8, operators=("telemetry", "energy"))
    stage = ProcessStage(settings=settings, plant=Plant(), log=log, health=health, clock=SystemClock())
    thread = threading.Thread(target=stage.run, args=(stop,))
    thread.start()
    _wait(lambda: bool(back.append(_own_bytes())) or _is_done(log))
    stop.set()
    thread.join(WAIT_S)

    third = len(back) // 3
    assert max(back[2 * third :]) - max(back[: 2 * third]) < 32 << 20, [size >> 20 for size in back]
    balance = audit(log, Plant().line_of)
    assert balance.is_balanced and sum(source.stored for source in balance.sources) == MINUTES * 3 * len(ASSETS)
    kwh, samples = _standing(log)
    # Of each asset all but what lies before the first and after the last reading.
    hours = (MINUTES * 60 - STEP_S) / 3600
    assert [kwh[asset] for asset in ASSETS] == pytest.approx([(10.0 + k) * hours for k in range(len(ASSETS))])
    assert samples == dict.fromkeys(ASSETS, MINUTES * 3)
    assert watch(KEPT_S - 10.0) == 0 and watch(60.0) == DAYS * 24, "what was read goes when it was read for so long"
    db.close()
    log.close()


def _is_done(log: Log) -> bool:
    commit = log.commits(Stream.READINGS, "process").get(0)
    end = log.bounds(Stream.READINGS, 0)[1]
    return commit is not None and commit.offset == end and not json.loads(commit.note).get("unemitted")


def _own_bytes() -> int:
    """Memory of this process without pages of files."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)


def _standing(log: Log) -> tuple[dict[str, float], dict[str, float]]:
    """Energy and samples of all hours, by asset."""
    kwh: dict[tuple[str, object], float] = {}
    samples: dict[tuple[str, object], float] = {}
    for record in log.read(Stream.METRICS, 0, 0):
        batch = decode_batch(record.value or b"")
        kind = (batch.schema.metadata or {})[b"kind"]
        into, column = {b"energy": (kwh, "active_energy_kwh"), b"telemetry": (samples, "count")}.get(kind, ({}, ""))
        for row in batch.to_pylist() if column else ():
            if row["window"] == "1h" and row["asset"] in ASSETS:
                into[row["asset"], row["time"]] = row[column]
    return _sums(kwh), _sums(samples)


def _sums(found: dict[tuple[str, object], float]) -> dict[str, float]:
    return {asset: sum(value for (name, _), value in found.items() if name == asset) for asset in ASSETS}


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)
