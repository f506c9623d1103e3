"""`fieldline explain` of a regime and of what is set against the norm of each: worked out once more by other code."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from cli.main import app
from models.history import Note
from models.registry import Registry
from processing.scoring.registry import RegistryModels
from tests.analysis.whole_pipe import Pipe
from tests.models.regime.test_regime import PRESS, START, TEXT, in_force, rows_of, some_values, trained
from tests.processing.engine_rig import SECOND

QUARTERS = 24


def test_a_regime_and_a_residual_to_its_norm_are_worked_out_once_more(tmp_path: Path) -> None:
    registry, model = tmp_path / "registry", trained()
    assert model.registered is not None
    Registry(registry).add(*model.registered("press_state"), Note("2026-01-01T00:00:00Z", "me"))
    values = some_values(QUARTERS)
    pipe = Pipe(tmp_path, TEXT, [in_force(), *rows_of(values)], models=RegistryModels(registry))

    for kind, quarter in (("press_state", 10), ("press_norm", 10), ("press_norm", 5), ("press_norm", 19)):
        at = START // SECOND + 900 * quarter
        asked = pipe.arguments("explain", kind, "--asset", PRESS, "--at", at, "--window", "15m", "--json")
        done = CliRunner().invoke(app, [*asked, "--registry", str(registry)])
        assert done.exit_code == 0, (done.output, done.exception)
        told = json.loads(done.stdout)
        (field,) = [one for one in told["fields"] if one["field"] in ("regime", "residual_mm_s")]
        assert told["verdict"]["agrees"] and field["agrees"], told["verdict"]
        assert (field["value"] is None) == bool(np.isnan(values[quarter]).any())
