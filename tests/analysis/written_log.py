"""Logs for the tests, written as the stages write them, on a real SQLite file."""

import json
from pathlib import Path

import numpy as np

from fieldline.frames import Readings, encode_metrics, encode_readings
from fieldline.log import Stream
from fieldline.log.sqlite import SqliteLog

START_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00Z


def readings(asset: str, values: list[float], start_ns: int = START_NS) -> bytes:
    """A frame with one reading a second of `asset`'s power_kw."""
    n = len(values)
    times = start_ns + np.arange(n, dtype=np.int64) * 1_000_000_000
    zeros = np.zeros(n, np.int32)
    return encode_readings(
        Readings(times, times, zeros, zeros, np.array(values), np.zeros(n, np.uint8), [asset], ["power_kw"])
    )


def energy(asset: str, kwh: list[float]) -> bytes:
    """A frame of hourly energy rows."""
    n = len(kwh)
    times = START_NS + np.arange(n, dtype=np.int64) * 3_600_000_000_000
    zeros = np.zeros(n, np.int32)
    return encode_metrics(
        "energy", times, (zeros, [asset]), None, (zeros, ["1h"]), {"active_energy_kwh": np.array(kwh)}
    )


class WrittenLog:
    """An SQLite log and what the stages would have put on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:{path}"
        self.log = SqliteLog(path)

    def put_readings(self, asset: str, values: list[float], start_ns: int = START_NS) -> int:
        rows = {"rows": str(len(values)).encode()}
        return self.log.append(Stream.READINGS, 0, asset.encode(), readings(asset, values, start_ns), rows).result(10)

    def put_energy(self, asset: str, kwh: list[float]) -> int:
        headers = {"kind": b"energy", "rows": str(len(kwh)).encode(), "epoch": b"1"}
        return self.log.append(Stream.METRICS, 0, b"", energy(asset, kwh), headers).result(10)

    def put_letter(self, source: str, payload: bytes, topic: str = "", **headers: str) -> int:
        told = {"reason": "syntax", "detail": "expected JSON", "topic": topic or source, "received_ns": str(START_NS)}
        told |= {"origin": "ingest", "count": "1"} | headers
        encoded = {name: text.encode() for name, text in told.items()}
        return self.log.append(Stream.DEADLETTER, 0, source.encode(), payload, encoded).result(10)

    def commit_process(
        self, offset: int, sources: dict[str, dict[str, int]], unemitted: int = 0, lost: int = 0
    ) -> None:
        value = json.dumps({"offset": offset, "sources": sources}).encode()
        counters = self.log.append(Stream.CHECKPOINTS, 0, b"counters", value).result(10)
        reader = self.log.reader(Stream.READINGS, "process")
        reader.poll(0.0)
        reader.commit(
            0, offset, json.dumps({"state": counters, "counters": counters, "unemitted": unemitted, "lost": lost})
        )
        reader.close()

    def commit_delivery(self, offset: int, group: str = "deliver.store") -> None:
        reader = self.log.reader(Stream.METRICS, group)
        reader.poll(0.0)
        reader.commit(0, offset, json.dumps({"epoch": 1}))
        reader.close()


def counts(
    stored: int = 0, duplicate: int = 0, late: int = 0, dead_lettered: int = 0, conflict: int = 0
) -> dict[str, int]:
    """One source's counters as the process stage writes them."""
    return {
        "stored": stored,
        "duplicate": duplicate,
        "late": late,
        "dead_lettered": dead_lettered,
        "conflict": conflict,
    }
