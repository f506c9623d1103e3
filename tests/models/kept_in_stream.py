"""Readings through an engine that scores with the models of a folder: some of them late, with a checkpoint and a crash in between."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from fieldline.log.sqlite import SqliteLog
from fieldline.plant import Plant
from processing.place import operators_for
from processing.scoring.registry import RegistryModels
from tests.processing.engine_rig import EngineRig, Row, frames_of


def streamed(of: Plant, folder: Path, rows: Sequence[Row], late: Sequence[Row]) -> EngineRig:
    """The engine when every window is over; folder : has the models in `registry`; late : those of the rows that come last."""
    operators = operators_for(["telemetry"], of, RegistryModels(folder / "registry"))
    with closing(SqliteLog(folder / "log.db")) as log:
        rig = EngineRig(of, operators=operators, windows=("15m",), log=log)
        rig.send(frames_of([row for row in rows if row not in late], 11)).wait(120)
        rig.checkpoint()
        rig.crash()
        return rig.send(frames_of(late, 7)).finish()
