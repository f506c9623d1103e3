"""What a model came from: the data, the code and the settings, so that it can be made again."""

import functools
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from fieldline import __version__

_ROOT = Path(__file__).resolve().parents[1]
_ROOMS = ("models", "processing/kernels", "processing/scoring")


@functools.cache
def code_version() -> str:
    """Fieldline's version and a digest of the sources that train and score: `0.1.0+a1b2c3d4e5f6`.

    An installed Fieldline has no history of versions to ask.
    """
    made = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted((_ROOT / room).rglob("*.py")):
            made.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{__version__}+{made.hexdigest()[:12]}"


class FromLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that were made of a log's readings by a plant file, which `plant_sha256` names.

    since, until : windows of the metric that begin from then on and before then, ISO 8601; horizon_h : how soon is soon, for labels [h]
    """

    metric: str
    window: str
    since: str
    until: str
    horizon_h: float
    plant_sha256: str


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """data_sha256 : of the table's file or of its rows, empty where it is not known; settings : of the training, by name.

    log : where the rows came from the plant's own log
    """

    data_sha256: str = ""
    code: str = msgspec.field(default_factory=code_version)
    settings: dict[str, Any] = {}
    log: FromLog | None = None


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes. Raises OSError."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
