"""What tests of what works on a log share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analysis.written_log import WrittenLog


@pytest.fixture
def written(tmp_path: Path) -> Iterator[WrittenLog]:
    """An empty log, open for writing."""
    log = WrittenLog(tmp_path / "plant.db")
    yield log
    log.log.close()
