"""Files that hold what a plant measures: only their owner may read them."""

import os
from contextlib import suppress
from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read and write, unless there is one; what SQLite puts beside it gets its mode.

    Where that is not possible nothing happens: who opens the file says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
