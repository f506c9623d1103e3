"""Every place of every kind of record, one after the other: `python -m tests.damage FOLDER`. Takes about an hour."""

import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from fieldline.log import Stream
from tests.damage.check import check_once, check_survived, worked
from tests.damage.logs import (
    GOOD_ROWS,
    append,
    begin,
    each_checkpoint,
    each_commit,
    readings,
    with_damaged_metrics,
    with_damaged_readings,
)

_AT_ONCE = 50
_SEED = 1


def main(folder: Path) -> None:
    """Damage, work, check; AssertionError at the first thing that is not right."""
    rng = random.Random(_SEED)
    for how in ("rot", "sent"):
        path = folder / f"readings-{how}.db"
        _all_at_once("readings", "process", path, how, with_damaged_readings(path, how, None, rng))
    base = folder / "worked.db"
    log = begin(base)
    append(log, Stream.READINGS, readings(1, GOOD_ROWS), GOOD_ROWS)
    log.close()
    check_survived(worked([base])[0])
    for how in ("rot", "sent"):
        path = folder / f"metrics-{how}.db"
        for suffix in (".db", ".results"):
            shutil.copyfile(base.with_suffix(suffix), path.with_suffix(suffix))
        _all_at_once("metrics", "deliver", path, how, with_damaged_metrics(path, how, None, rng))
    _one_by_one("checkpoints", each_checkpoint(base, folder, None, rng))
    _one_by_one("commits", each_commit(base, folder, None, rng))


def _all_at_once(name: str, origin: str, path: Path, how: str, offsets: list[int]) -> None:
    """A log with all damaged records."""
    (told,) = worked([path], until="drained" if how == "rot" else "read")
    check_survived(told)
    if how == "rot":
        check_once(told, origin, offsets)
    assert told["verdict"] == "ok", told["verdict"]
    print(f"{name}, {how}: {len(offsets)} damaged records, {len(told['letters'])} dead letters", flush=True)


def _one_by_one(name: str, copies: Iterable[Path]) -> None:
    """Logs with one damaged place each."""
    count = 0
    for portion in _portions(copies):
        for told in worked(portion):
            check_survived(told)
            assert (told["verdict"], told["stored"]) == ("ok", 2 * GOOD_ROWS), told
            count += 1
        for path in portion:
            for left in path.parent.glob(f"{path.stem}.*"):
                left.unlink()
    print(f"{name}: {count} places", flush=True)


def _portions(copies: Iterable[Path]) -> Iterator[list[Path]]:
    several = iter(copies)
    while portion := list(islice(several, _AT_ONCE)):
        yield portion


if __name__ == "__main__":
    main(Path(sys.argv[1]))
