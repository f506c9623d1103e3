"""What the command line's tests share."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent))

from written_log import WrittenLog

from cli.main import app


@pytest.fixture
def written(tmp_path: Path) -> Iterator[WrittenLog]:
    """An empty log, open for writing."""
    log = WrittenLog(tmp_path / "plant.db")
    yield log
    log.log.close()


@pytest.fixture
def fieldline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a verb in an empty folder, without the developer's environment."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FIELDLINE_")]:
        monkeypatch.delenv(name)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="fieldline")
