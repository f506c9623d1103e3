"""Quix Streams on 1-minute windows, an asset each: W1 mean, min, max, count; W2 kWh by trapezoid; both. In its own environment."""

import logging
import tempfile
from importlib.metadata import version
from typing import Any

import clocked
from quixstreams import Application
from quixstreams.dataframe.windows import Count, Max, Mean, Min


def _w1(frame: Any, windows: clocked.Windows) -> None:
    aggregated = frame.tumbling_window(60_000).agg(
        count=Count(), mean=Mean("power_kw"), low=Min("power_kw"), high=Max("power_kw")
    )

    def put(row: dict[str, Any], key: bytes, *_: Any) -> None:
        asset = clocked.asset(int(key.removeprefix(b"m")))
        windows.put({**row, "asset": asset, "minute": row["start"] // 60_000})

    aggregated.final().update(put, metadata=True)


def _w2(frame: Any, windows: clocked.Windows) -> None:
    def step(row: dict[str, Any], state: Any) -> None:
        last, minute, kwh = state.get("s") or (None, row["ts"] // 60_000, 0.0)
        added, last = clocked.trapezoid(last, row["ts"], row["power_kw"])
        now = row["ts"] // 60_000
        if now == minute:
            state.set("s", (last, minute, kwh + added))
        else:
            windows.put({"asset": row["asset"], "minute": minute, "kwh": kwh})
            state.set("s", (last, now, added))

    frame.apply(step, stateful=True)


def main() -> None:
    """Run the application until the last reading and print the figures."""
    logging.disable(logging.WARNING)
    options = clocked.parse()
    meter, windows = clocked.Meter(options.readings), clocked.Windows()
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=f"127.0.0.1:{options.port}",
            consumer_group=f"quix-{options.work}",
            auto_offset_reset="earliest",
            state_dir=folder,
            loglevel=None,
        )
        topic = app.topic(options.topic, value_deserializer="json", timestamp_extractor=lambda value, *_: value["ts"])

        def count(_row: Any) -> None:
            meter.reading()
            if meter.count == options.readings:
                app.stop()  # `run(count=…)` counts outputs, and of a window there is one for many readings

        frame = app.dataframe(topic).update(count)
        for name, work in (("w1", _w1), ("w2", _w2)):
            if options.work in (name, "both"):
                work(frame, windows)
        app.run(timeout=120)
    meter.report(version("quixstreams"), windows, options.windows)


if __name__ == "__main__":
    main()
