"""Samples of power meters over MQTT, QoS 1: one a sensor and round, a round a second. A part of the bench `theodolite`.

    python -m benchmarks.theodolite_load --port 1883 --commands FILE --begin-ms MS

A command is a line of the file: `groups SENSORS` says of a machine in each line that it produces, `step ROUND ROUNDS SENSORS`
sends, `end` ends. Prints ns UTC and how many samples were sent, ten times a second, and `done` at its start and after each
command, once the broker has acknowledged all.
"""

import argparse
import sys
import time
from pathlib import Path

from benchmarks import theodolite_model as model
from benchmarks.publisher import Connection
from benchmarks.traffic import publish_packet

_TICK_S = 0.005
_REPORT_NS = 100_000_000
_IDENTIFIERS = 65_000


class Load:
    """A connection and what was sent over it."""

    def __init__(self, port: int, begin_ms: int) -> None:
        self._connection = Connection(port)
        self._begin_ms = begin_ms
        self._topics: list[bytes] = []
        self._sent = 0
        self._reported_ns = 0

    def tell_groups(self, sensors: int) -> None:
        """A line has a row of its own where a machine in it tells of its state."""
        payload = b'{"event":"state","state":"producing","ts":%d}' % self._begin_ms
        for line in range(-(-sensors // model.SENSORS)):
            packet = publish_packet(f"{model.line_path(line)}/machine".encode(), payload, line % _IDENTIFIERS + 1)
            self._connection.send(packet, 1)

    def step(self, step: model.Step) -> None:
        """Send the step's samples, each when it is due."""
        self._topics += [model.topic(sensor).encode() for sensor in range(len(self._topics), step.sensors)]
        began = time.monotonic()
        for number in range(step.first, step.first + step.rounds):
            values = [b"%.3f" % value for value in model.power_kw(step.sensors, number).tolist()]
            times = (model.times_ms(step.sensors, number) + self._begin_ms).tolist()
            done = 0
            while done < step.sensors:
                elapsed = time.monotonic() - began - (number - step.first)
                due = min(step.sensors, int(elapsed * step.sensors), done + 1000)
                if due > done:
                    self._send(times, values, done, due)
                    done = due
                else:
                    time.sleep(_TICK_S)
                self.report()

    def finish(self) -> None:
        """Wait for all acknowledgements and say so."""
        self._connection.settle(0)
        self._reported_ns = 0
        self.report()
        print("done", flush=True)

    def report(self) -> None:
        if time.time_ns() - self._reported_ns >= _REPORT_NS:
            self._reported_ns = time.time_ns()
            print(self._reported_ns, self._sent, flush=True)

    def _send(self, times: list[int], values: list[bytes], first: int, end: int) -> None:
        packets = [
            publish_packet(
                self._topics[k], b'{"ts":%d,"value":%s}' % (times[k], values[k]), (self._sent + k) % _IDENTIFIERS + 1
            )
            for k in range(first, end)
        ]
        self._connection.send(b"".join(packets), len(packets))
        self._sent += len(packets)


def main(arguments: list[str] | None = None) -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.theodolite_load")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--commands", type=Path, required=True)
    parser.add_argument("--begin-ms", type=int, required=True, help="time of round 0")
    options = parser.parse_args(arguments)
    load = Load(options.port, options.begin_ms)
    load.finish()
    done = 0
    while True:
        lines = options.commands.read_text().splitlines()
        if done == len(lines):
            time.sleep(_TICK_S)
            continue
        name, *numbers = lines[done].split()
        if name == "end":
            return 0
        if name == "groups":
            load.tell_groups(int(numbers[0]))
        else:
            load.step(model.Step(*map(int, numbers)))
        load.finish()
        done += 1


if __name__ == "__main__":
    sys.exit(main())
