"""A day of a small plant at full speed through one process: neither memory nor open files grow, and nothing lags at the end.

A day as it passes, and longer, is `fieldline run` and a look at `/metrics`; this is its short form.
"""

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from deploy.native.server import free_port
from ingest.publisher import Publisher
from tests.integration.pipe_rig import STAGE_BYTES, Process, fieldline

HOURS = int(os.environ.get("FIELDLINE_TEST_SOAK_HOURS", "24"))
_DEVICES = 12
_START_S = 1_767_225_600  # 2026-01-01
_GROWTH_BYTES = 24 << 20
_CONNECTIONS = 8
"""To the log at most: of its writer, its upkeep, its watch, ingest, process and what it reads back, and two deliveries."""


class Looked:
    """Memory of its own [bytes], open files and connections to the log of a process, hour by hour of the plant's time.

    Pages of the log's file that are mapped are resident too, but no memory of its own: they leave when somebody needs the room. A
    connection is opened when as many threads read at once as never before, which may be in the first hour or in the last.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self.bytes: list[int] = []
        self.files: list[int] = []
        self.connections: list[int] = []

    def look(self) -> None:
        self._process.sample()
        assert self._process._process is not None
        of_process = Path(f"/proc/{self._process._process.pid}")
        (anonymous,) = re.findall(r"RssAnon:\s+(\d+) kB", (of_process / "status").read_text())
        self.bytes.append(int(anonymous) << 10)
        names = []
        for one in (of_process / "fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed just now
                names.append(os.path.basename(os.readlink(one)))
        self.connections.append(names.count("fieldline.db"))
        self.files.append(len([name for name in names if name not in ("fieldline.db", "fieldline.db-wal")]))


def publish_hour(port: int, hour: int) -> None:
    """Publish what the devices measured in an hour, over a connection that ends with it; return when all is on the log."""
    with Publisher(f"mqtt://127.0.0.1:{port}") as device:
        for minute in range(hour * 60, hour * 60 + 60):
            for number in range(_DEVICES):
                seconds = range(_START_S + minute * 60, _START_S + minute * 60 + 60, 10)
                rows = [{"ts": s * 1000, "power_kw": 10.0 + number, "good_count": s - _START_S} for s in seconds]
                device.publish(f"plant/hall/line{number % 3}/press{number}", msgspec.json.encode(rows))
        device.flush()


@pytest.mark.usefixtures("_warm")
def test_a_day_of_a_plant_leaves_memory_and_open_files_as_they_were(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "fieldline.toml").write_text('[process]\nhorizon_s = "2h"\nrow_cache_mb = 8\nnode_cache_mb = 8\n')
    process = Process("run", tmp_path, "run", "--config", "fieldline.toml", "--broker-port", str(port)).start()
    looked = Looked(process)
    try:
        process.until_ready(120.0)
        for hour in range(HOURS):
            publish_hour(port, hour)
            looked.look()
        status = json.loads(fieldline("status", "--wait", "120s", "--json", folder=tmp_path, timeout_s=180.0))
        process.stop()
    finally:
        process.abandon()

    account = json.loads(fieldline("audit", "--json", folder=tmp_path))
    assert status["drained"] and account["balanced"]
    assert sum(source["received"] for source in account["sources"]) == HOURS * 60 * _DEVICES * 6 * 2
    print("MB by hour", [count >> 20 for count in looked.bytes], "files", looked.files)
    settled = HOURS // 2
    assert process.largest_bytes < STAGE_BYTES
    assert max(looked.bytes[settled:]) - looked.bytes[settled - 1] < _GROWTH_BYTES, [b >> 20 for b in looked.bytes]
    assert max(looked.files[settled:]) <= max(looked.files[:settled]), looked.files
    assert max(looked.connections) <= _CONNECTIONS, looked.connections
