"""A feeder of a live log: what ingest would append, at the pace of the clock. Part of the benches `late_day` and `restart`.

    python -m benchmarks.feeder --log URL --lines 4 --rate 400 --seconds 20 [--first-line 0]

Every 50 ms one frame with the readings that are due, over `lines` lines of ten assets with one power meter each.
Prints `{"rows": …}`.
"""

import argparse
import json
import sys
import time

import numpy as np

from fieldline.frames import Readings, encode_readings
from fieldline.log import Stream, open_log

_TICK_S = 0.05
_ASSETS = 10
_TAGS = ["power_kw"]


def names(lines: int, first: int = 0) -> list[str]:
    """The assets of `lines` lines."""
    return [f"plant/area/line{line}/m{asset}" for line in range(first, first + lines) for asset in range(_ASSETS)]


def frame(assets: list[str], begin_ns: int, count: int, step_ns: float, offset: int) -> bytes:
    """`count` readings, one every `step_ns`, over all assets in turn; `offset` : readings before these."""
    number = np.arange(offset, offset + count)
    time_ns = begin_ns + (number * step_ns).astype(np.int64)
    asset = (number % len(assets)).astype(np.int32)
    received = np.full(count, time.time_ns(), np.int64)
    value = 5.0 + number % 7
    quality = np.zeros(count, np.uint8)
    return encode_readings(
        Readings(time_ns, received, asset, np.zeros(count, np.int32), value.astype(float), quality, assets, _TAGS)
    )


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feeder")
    parser.add_argument("--log", required=True)
    parser.add_argument("--lines", type=int, default=4)
    parser.add_argument("--first-line", type=int, default=0)
    parser.add_argument("--rate", type=float, default=400.0, help="readings/s of all lines together")
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    log = open_log(options.log)
    assets = names(options.lines, options.first_line)
    began_ns, began = time.time_ns(), time.monotonic()
    sent, total = 0, int(options.rate * options.seconds)
    while sent < total:
        due = min(total, int((time.monotonic() - began) * options.rate))
        if due > sent:
            data = frame(assets, began_ns, due - sent, 1e9 / options.rate, sent)
            log.append(Stream.READINGS, 0, b"", data, {"rows": str(due - sent).encode()})
            sent = due
        time.sleep(_TICK_S)
    log.flush(30.0)
    log.close()
    print(json.dumps({"rows": sent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
