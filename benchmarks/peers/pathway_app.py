"""Pathway on 1-minute windows, an asset each: W1 mean, min, max, count; W2 kWh by trapezoid; both. In its own environment.

Its best settings on this workload, of those tried: `groupby` on the minute instead of `windowby`, a batch every 0.3 s instead
of 1.5 s, and for kWh the samples of each window as a sorted tuple, with `sort` over the windows to find the sample before
the first. `sort` or `diff` over the readings themselves takes three times as much.
"""

import os
from importlib.metadata import version
from typing import Any

import clocked
import pathway as pw

_BATCH_MS = 300


class _Reading(pw.Schema):
    ts: int
    asset: str
    power_kw: float


_Window = tuple[int, float, float, float, float, int, float, int, float]
_FIELDS = ("count", "mean", "low", "high", "kwh", "first_ms", "first_kw", "last_ms", "last_kw")


def _statistics(readings: Any) -> Any:
    """W1: a row for each asset and minute."""
    rows = readings.select(pw.this.asset, pw.this.power_kw, minute=pw.this.ts // 60_000)
    return rows.groupby(pw.this.asset, pw.this.minute).reduce(
        pw.this.asset,
        pw.this.minute,
        count=pw.reducers.count(),
        mean=pw.reducers.avg(pw.this.power_kw),
        low=pw.reducers.min(pw.this.power_kw),
        high=pw.reducers.max(pw.this.power_kw),
    )


@pw.udf
def _window(samples: tuple) -> _Window:
    """What `_FIELDS` names, of the samples of one minute in order of time; kWh is that between the first and the last."""
    kwh, last = 0.0, None
    for ts_ms, kw in samples:
        added, last = clocked.trapezoid(last, ts_ms, kw)
        kwh += added
    values = [kw for _, kw in samples]
    count = len(values)
    return (count, sum(values) / count, min(values), max(values), kwh, *samples[0], *samples[-1])


def _with_energy(readings: Any) -> Any:
    """Both: a row for each asset and minute; its samples are kept as a sorted tuple, so late ones are put right."""
    sample = pw.make_tuple(pw.this.ts, pw.this.power_kw)
    rows = readings.select(pw.this.asset, minute=pw.this.ts // 60_000, sample=sample)
    sorted_samples = pw.reducers.sorted_tuple(pw.this.sample)
    windows = rows.groupby(pw.this.asset, pw.this.minute).reduce(pw.this.asset, pw.this.minute, samples=sorted_samples)
    windows = windows.select(pw.this.asset, pw.this.minute, found=_window(pw.this.samples))
    fields = {name: pw.this.found[place] for place, name in enumerate(_FIELDS)}
    windows = windows.select(pw.this.asset, pw.this.minute, **fields)
    windows += windows.sort(key=pw.this.minute, instance=pw.this.asset)
    before = windows.ix(windows.prev, optional=True)
    windows += windows.select(ms_before=pw.coalesce(before.last_ms, 0), kw_before=pw.coalesce(before.last_kw, 0.0))
    gap_ms = pw.this.first_ms - pw.this.ms_before  # of an asset's first sample: since 1970
    drawn = (pw.this.kw_before + pw.this.first_kw) / 2 * gap_ms / 3_600_000
    kwh = pw.this.kwh + pw.if_else(gap_ms <= clocked.LONGEST_GAP_MS, drawn, 0.0)
    kept = (pw.this[name] for name in ("asset", "minute", "count", "mean", "low", "high"))
    return windows.select(*kept, kwh=kwh)


def main() -> None:
    """Run the graph until all readings are in the windows and print the figures."""
    options = clocked.parse()
    meter, windows = clocked.Meter(options.readings), clocked.Windows()
    counted = 0
    kafka = {
        "bootstrap.servers": f"127.0.0.1:{options.port}",
        "group.id": f"pathway-{options.work}",
        "auto.offset.reset": "earliest",
    }
    readings = pw.io.kafka.read(kafka, options.topic, schema=_Reading, format="json", autocommit_duration_ms=_BATCH_MS)

    def on_change(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:
        nonlocal counted
        counted += row["count"] if is_addition else -row["count"]
        if is_addition:  # a revised row comes twice: the old one taken back, the new one added
            windows.put(row)

    def on_time_end(time: int) -> None:
        if counted == options.readings:
            meter.all_read()
            meter.report(version("pathway"), windows, options.windows)
            os._exit(0)  # a streaming read of Kafka has no end, and `pw.run` no way out

    work = _statistics if options.work == "w1" else _with_energy
    pw.io.subscribe(work(readings), on_change=on_change, on_time_end=on_time_end)
    # Readings pass no Python, so the clock starts before the graph does; that takes 0.04 s of processor time.
    meter.start()
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main()
