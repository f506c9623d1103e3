"""Bytewax on 1-minute windows, an asset each: W1 mean, min, max, count; W2 kWh by trapezoid; both. Runs in its own environment."""

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import bytewax.operators as op
import clocked
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import windowing
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

_Sums = tuple[int, float, float, float]
_ALIGN = datetime(2023, 1, 1, tzinfo=UTC)


class _Collected(StatelessSinkPartition[Any]):
    def __init__(self, windows: clocked.Windows) -> None:
        self._windows = windows

    def write_batch(self, items: list[Any]) -> None:
        for item in items:
            self._windows.put(item)


class _Sink(DynamicSink[Any]):
    def __init__(self, windows: clocked.Windows) -> None:
        self._windows = windows

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Collected:
        return _Collected(self._windows)


def _w1(rows: Any) -> Any:
    def folder(state: _Sums, row: dict[str, Any]) -> _Sums:
        value = row["power_kw"]
        return (state[0] + 1, state[1] + value, min(state[2], value), max(state[3], value))

    def merger(a: _Sums, b: _Sums) -> _Sums:
        return (a[0] + b[0], a[1] + b[1], min(a[2], b[2]), max(a[3], b[3]))

    clock = EventClock(
        ts_getter=lambda row: datetime.fromtimestamp(row["ts"] / 1000, UTC), wait_for_system_duration=timedelta(0)
    )
    windower = TumblingWindower(length=timedelta(minutes=1), align_to=_ALIGN)
    folded = windowing.fold_window(
        "w1", rows, clock, windower, lambda: (0, 0.0, float("inf"), float("-inf")), folder, merger
    )

    def row(item: tuple[str, tuple[int, _Sums]]) -> dict[str, Any]:
        asset, (window, (count, total, low, high)) = item
        minute = int(_ALIGN.timestamp()) // 60 + window
        return {"asset": asset, "minute": minute, "count": count, "mean": total / count, "low": low, "high": high}

    return op.map("w1-row", folded.down, row)


def _w2(rows: Any) -> Any:
    def step(state: Any, row: dict[str, Any]) -> tuple[Any, Any]:
        last, minute, kwh = state or (None, row["ts"] // 60_000, 0.0)
        added, last = clocked.trapezoid(last, row["ts"], row["power_kw"])
        now = row["ts"] // 60_000
        if now == minute:
            return (last, minute, kwh + added), None
        return (last, now, added), (minute, kwh)

    stepped = op.stateful_map("w2", rows, step)
    closed = op.filter("closed", stepped, lambda item: item[1] is not None)
    return op.map("w2-row", closed, lambda item: {"asset": item[0], "minute": item[1][0], "kwh": item[1][1]})


def main() -> None:
    """Run the flow to the end of the topic and print the figures."""
    options = clocked.parse()
    meter, windows = clocked.Meter(options.readings), clocked.Windows()
    flow = Dataflow("bench")
    source = KafkaSource([f"127.0.0.1:{options.port}"], [options.topic], tail=False, batch_size=1000)
    stream = op.input("in", flow, source)

    def keyed(message: Any) -> tuple[str, dict[str, Any]]:
        meter.reading()
        row = json.loads(message.value)
        return row["asset"], row

    rows = op.map("decode", stream, keyed)
    for name, work in (("w1", _w1), ("w2", _w2)):
        if options.work in (name, "both"):
            op.output(f"out-{name}", work(rows), _Sink(windows))
    run_main(flow)
    # At the end of its input Bytewax closes what is open in W1; W2 keeps the last minute open.
    meter.report(version("bytewax"), windows, options.windows)


if __name__ == "__main__":
    main()
