"""Logs with damaged records: each stands for one place and one kind of damage.

Damage is *rot* where bytes change on the disk, so that the record's checksum is wrong, or *sent* where somebody appends such bytes: the
checksum is right then, as on Kafka, whose own protects a record from its producer's end on.
"""

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fieldline.frames import encode_metrics, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog
from tests.processing.engine_rig import SECOND, T0, Row, event, frame_of

LINE = "plant/hall/line1"
GOOD_ROWS, DAMAGED_ROWS = 100, 4
_WAIT_S = 20.0


def damaged(whole: bytes, places: list[int], rng: random.Random) -> Iterator[bytes]:
    """A copy for each place, with a bit turned there or cut off there."""
    for place in places:
        copy = bytearray(whole)
        copy[place] ^= 1 << rng.randrange(8)
        yield bytes(copy)
        yield whole[:place]


def readings(minute: int, rows: int) -> bytes:
    """A frame of a machine's samples and an event, each frame of other minutes."""
    start = T0 + minute * 120 * SECOND
    samples = [Row(f"{LINE}/oven", "power_kw", start + k * SECOND, 1.0 + k) for k in range(rows - 1)]
    said = event(f"{LINE}/oven", "@state", start + rows * SECOND, json.dumps({"state": "run"}).encode())
    return encode_readings(frame_of([*samples, said], start))


def metrics() -> bytes:
    """A frame of telemetry with a label and a text."""
    two, name = np.arange(2), (np.zeros(2, np.int32), [f"{LINE}/oven"])
    word = np.array([0, -1], np.int32), ["früh"]
    fields = {"mean": np.array([1.0, np.nan]), "retracted": np.zeros(2)}
    place = name, (np.zeros(2, np.int32), ["power_kw"]), (np.zeros(2, np.int32), ["1m"])
    return encode_metrics("telemetry", T0 + two * 60 * SECOND, *place, fields, {"shift": word}, {"order_id": word})


def places_of(whole: bytes, count: int | None, rng: random.Random) -> list[int]:
    """All places of a record, or some."""
    return list(range(len(whole))) if count is None else sorted(rng.sample(range(len(whole)), min(count, len(whole))))


def begin(path: Path) -> SqliteLog:
    """A log with a good frame."""
    log = SqliteLog(path)
    append(log, Stream.READINGS, readings(0, GOOD_ROWS), GOOD_ROWS)
    return log


def append(log: SqliteLog, stream: Stream, value: bytes, rows: int, **headers: str) -> int:
    """Append a record as a stage does; its offset."""
    told = {name: text.encode() for name, text in ({"rows": str(rows)} | headers).items()}
    key = b"" if stream is Stream.METRICS else LINE.encode()
    return log.append(stream, 0, key, value, told).result(_WAIT_S)


def with_damaged_readings(path: Path, how: str, count: int | None, rng: random.Random) -> list[int]:
    """A log of damaged frames between two good ones; the damaged ones' offsets."""
    log = begin(path)
    whole = readings(1, DAMAGED_ROWS)
    copies = list(damaged(whole, places_of(whole, count, rng), rng))
    offsets = [append(log, Stream.READINGS, copy if how == "sent" else whole, DAMAGED_ROWS) for copy in copies]
    append(log, Stream.READINGS, readings(2, GOOD_ROWS), GOOD_ROWS)
    log.close()
    if how == "rot":
        rot(path, Stream.READINGS, "value", dict(zip(offsets, copies, strict=True)))
    return offsets


def with_damaged_metrics(path: Path, how: str, count: int | None, rng: random.Random) -> list[int]:
    """Damaged frames on `metrics` of a log that was worked on before; their offsets."""
    log = SqliteLog(path)
    whole = metrics()
    copies = list(damaged(whole, places_of(whole, count, rng), rng))
    told = {"kind": "telemetry", "epoch": "1"}
    offsets = [append(log, Stream.METRICS, copy if how == "sent" else whole, 2, **told) for copy in copies]
    for epoch in ("-1", "x", "99999999999999999999", "4294967296") if how == "sent" else ():
        offsets.append(append(log, Stream.METRICS, whole, 2, kind="telemetry", epoch=epoch))
    log.close()
    if how == "rot":
        rot(path, Stream.METRICS, "value", dict(zip(offsets, copies, strict=True)))
    return offsets


def with_damaged_headers(path: Path, stream: Stream) -> list[int]:
    """Every record of a stream with a header that rotted; their offsets."""
    db = sqlite3.connect(path)
    found = db.execute(f"SELECT id, headers FROM {stream} WHERE headers IS NOT NULL").fetchall()
    db.close()
    rot(path, stream, "headers", {identity: b"\xc1" + headers[1:] for identity, headers in found})
    return [identity for identity, _ in found]


def rot(path: Path, stream: Stream, column: str, changed: dict[int, bytes]) -> None:
    """Change bytes of records of partition 0 behind the log's back."""
    db = sqlite3.connect(path)
    with db:
        db.executemany(f"UPDATE {stream} SET {column}=? WHERE id=?", [(new, at) for at, new in changed.items()])
    db.close()


def each_checkpoint(path: Path, folder: Path, count: int | None, rng: random.Random) -> Iterator[Path]:
    """Copies of a log, each with one place of one record of its checkpoint damaged."""
    db = sqlite3.connect(path)
    records = db.execute("SELECT id, value FROM checkpoints").fetchall()
    db.close()
    for identity, value in records:
        for place in places_of(value, count, rng):
            copy = _copy(path, folder / f"checkpoint-{identity}-{place}.db")
            rot(copy, Stream.CHECKPOINTS, "value", {identity: next(iter(damaged(value, [place], rng)))})
            yield copy


def each_commit(path: Path, folder: Path, count: int | None, rng: random.Random) -> Iterator[Path]:
    """Copies of a log, each with one place of the note of a commit, or its offset, damaged."""
    db = sqlite3.connect(path)
    commits = db.execute("SELECT stream, note FROM commits").fetchall()
    db.close()
    for stream, note in commits:
        changes: list[tuple[str, object]] = [
            ("offset", 0),
            ("offset", 1 << 40),
            ("offset", -5),
            ("note", ""),
            ("note", "{}"),
        ]
        for place in places_of(note.encode(), count, rng):
            changes.append(("note", next(iter(damaged(note.encode(), [place], rng))).decode("utf-8", "replace")))
        for k, (column, value) in enumerate(changes):
            copy = _copy(path, folder / f"commit-{stream}-{k}.db")
            db = sqlite3.connect(copy)
            with db:
                db.execute(f'UPDATE commits SET "{column}"=? WHERE stream=?', (value, stream))
            db.close()
            yield copy


def _copy(path: Path, to: Path) -> Path:
    """A log, closed, and the store beside it."""
    shutil.copyfile(path, to)
    shutil.copyfile(path.with_suffix(".results"), to.with_suffix(".results"))
    return to
