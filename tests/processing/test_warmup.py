"""Kernels are there before the first reading is."""

import subprocess
import sys
from pathlib import Path

_RUN = """
import sys, threading
from pathlib import Path
from fieldline.clock import SystemClock
from fieldline.health import Health
from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from fieldline.settings import ProcessSettings
from processing.kernels.jit import KERNELS
from processing.stage import ProcessStage

assert "numba" not in sys.modules
stop = threading.Event()

class Watched(Health):
    def set(self, state, reason):
        if reason == "joining the group":
            print(*sorted({kernel.__module__ for kernel in KERNELS if "dispatcher" in vars(kernel)}))
            stop.set()
        super().set(state, reason)

log = SqliteLog(Path(sys.argv[1]))
settings = ProcessSettings(operators=("telemetry",))
ProcessStage(settings=settings, plant=Plant(), log=log, health=Watched("process"), clock=SystemClock()).run(stop)
log.close()
"""


def test_a_stage_loads_the_kernels_of_its_operators_and_no_others_before_it_joins_its_group(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path / "plant.db")],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    loaded = {name.removeprefix("processing.kernels.") for name in run.stdout.split()}
    assert loaded >= {"order", "slices", "windows", "reprocess", "table", "blocks", "telemetry"}
    assert loaded.isdisjoint({"energy", "machine", "spc", "spc_points"})
