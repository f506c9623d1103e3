"""Run as a program: the digest of all metric bits of a seeded plant that comes late and twice, for comparing modes of the kernels."""

import hashlib
import sys
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.processing.engine_rig import EngineRig, frames_of
from tests.processing.row_sets import plant_rows


def digest() -> str:
    """Of the table's identities and bits, whatever order they were emitted in."""
    random, rows = Random(5), plant_rows(5, minutes=20)
    late = sorted(rows + rows[::9], key=lambda row: row.time + (random.random() < 0.1) * random.random() * 200e9)
    table = EngineRig().send(frames_of(late, 40)).finish().table
    text = repr([(key, sorted(table[key].items())) for key in sorted(table)])
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    print(digest())
