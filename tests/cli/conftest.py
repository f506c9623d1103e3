"""What the command line's tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.analysis.written_log import WrittenLog


@pytest.fixture
def written(tmp_path: Path) -> Iterator[WrittenLog]:
    """An empty log, open for writing."""
    log = WrittenLog(tmp_path / "plant.db")
    yield log
    log.log.close()


@pytest.fixture
def fieldline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a verb in an empty folder, in a terminal of 80 columns, without the developer's environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in os.environ if name.startswith("FIELDLINE_")]:
        monkeypatch.delenv(name)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="fieldline")
