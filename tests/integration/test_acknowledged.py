"""`fieldline run` with nothing given keeps the first promise: what its broker acknowledged is on the log, whatever happens."""

from pathlib import Path

import pytest

from fieldline.errors import Unavailable
from fieldline.log import open_log
from ingest.publisher import Publisher
from tests.integration.ingest_rig import rows
from tests.integration.pipe_rig import Process, quiet_port

T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z [ms]
WINDOW = 5_000
MESSAGES = 24_000
PATIENCE_S = 300.0


@pytest.mark.usefixtures("_warm")
@pytest.mark.parametrize("has_times", [True, False])
def test_a_device_with_a_wide_window_loses_nothing_of_what_was_acknowledged_and_nothing_counts_twice(
    tmp_path: Path, has_times: bool
) -> None:
    port = quiet_port()
    few = ("--operators", "telemetry", "--windows", "1h", "--store", "results.db")
    process = Process("run", tmp_path, "run", "--broker-port", str(port), *few).start()
    acknowledged: set[int] = set()
    try:
        process.until_ready()
        with Publisher(f"mqtt://127.0.0.1:{port}", max_inflight=WINDOW, acknowledged=acknowledged.add) as device:
            for at in range(MESSAGES):
                if at in (MESSAGES // 3, MESSAGES * 2 // 3):
                    process.kill()
                    process.start()
                payload = b'{"ts":%d,"value":%d}' % (T0 + at, at) if has_times else b"%d" % at
                device.publish("plant/hall/line/press/power_kw", payload, timeout_s=PATIENCE_S)
            device.flush(PATIENCE_S)
        process.stop()
    except Unavailable as error:
        raise AssertionError(f"{error}; the broker says {process.health()}: {process.last_words()}") from error
    finally:
        process.abandon()

    with_log = open_log(f"sqlite:{tmp_path / 'fieldline.db'}")
    found = set(rows(with_log))
    with_log.close()
    assert process.kills == 2
    assert acknowledged == set(range(MESSAGES))
    assert {int(value) for _, _, _, value in found} == acknowledged
    assert len(found) == MESSAGES
