"""Runs a worker on damaged logs and says what it must have come to."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_LATE_S = 3600.0
Told = dict[str, Any]


def worked(logs: Iterable[Path], until: str = "drained") -> list[Told]:
    """What a process came to on each log, see `worker`. AssertionError when it crashed, with where it was."""
    names = [str(path) for path in logs]
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.damage.worker", until, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LATE_S)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    at = names[len(told)] if len(told) < len(names) else ""
    assert done.returncode == 0, f"the worker ended with {done.returncode} on {at}: {done.stderr[-3000:]}"
    return told


def check_survived(told: Told) -> None:
    """Every stage lived and came to its end, and nothing stands on the dead letter stream twice."""
    assert told["died"] == []
    assert told["done"], (told["log"], told["states"], told["verdict"])
    twice = [letter for letter, count in Counter(map(tuple, told["letters"])).items() if count > 1]
    assert twice == [], told["log"]


def check_once(told: Told, origin: str, offsets: Iterable[int]) -> None:
    """Each of the records, and no other of that origin, is one dead letter."""
    mine = [int(offset) for who, _, offset, _ in told["letters"] if who == origin]
    assert sorted(mine) == sorted(offsets), told["log"]
