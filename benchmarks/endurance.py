"""`python -m benchmarks.endurance --minutes N [--seed S]`: a plant lives, is disturbed and is judged, see `tests/endurance`.

Prints what it does, and the faults. Exit code 0: none, 1: there are some, which the seed brings again.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from deploy.native.servers import InfluxDB, Kafka
from fieldline.log.topics import apply_topics
from tests.endurance.disturbances import DISTURBANCES
from tests.endurance.sweep import Plan, Servers, sweep

_PARTITIONS = 4


def main() -> int:
    """Run for the minutes that are asked for, and say how it ended."""
    options = _parse()
    began = time.monotonic()

    def is_over(number: int) -> bool:
        return (
            time.monotonic() - began >= options.minutes * 60.0 if options.rounds is None else number >= options.rounds
        )

    folder = Path(options.folder or tempfile.mkdtemp(prefix="endurance-"))
    kinds = tuple(kind for kind in DISTURBANCES if kind.__name__ not in options.without)
    plan = Plan(options.seed, options.lines, is_over, drain_s=1800.0, kinds=kinds)
    with ExitStack() as running:
        servers = _start(running, folder, options.kafka)
        try:
            faults = sweep(plan, folder / "plant", servers, say=_say)
        except AssertionError as error:
            faults = [str(error)]
    for fault in faults:
        _say(f"FAULT {fault}")
    _say(f"{len(faults)} faults in {time.monotonic() - began:.0f} s; seed {options.seed}, files in {folder}")
    return 1 if faults else 0


def _start(running: ExitStack, folder: Path, with_kafka: bool) -> Servers:
    """A database and, where it is asked for, a broker with topics."""
    influx = InfluxDB(folder / "influxdb")
    running.callback(influx.stop)
    influx.start()
    database = f"{influx.url}/endurance?api=v1"
    if not with_kafka:
        return Servers(database)
    kafka = Kafka(folder / "kafka")
    running.callback(kafka.stop)
    kafka.start()
    apply_topics(kafka.url, _PARTITIONS)
    return Servers(database, f"{kafka.url}?session_timeout_ms=6000")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, help="so many disturbances instead of a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=4, choices=(2, 3, 4))
    parser.add_argument("--folder", help="where the run's files go; a temporary folder, which stays, by default")
    parser.add_argument(
        "--kafka", action="store_true", help="the log is on Kafka, where a second worker comes and goes"
    )
    names = [kind.__name__ for kind in DISTURBANCES]
    parser.add_argument("--without", action="append", default=[], choices=names, help="leave a disturbance out")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
