"""Why a simulated machine stopped and why pieces were thrown away: the truth behind a Pareto chart, window by window."""

from collections import Counter
from typing import Any

import numpy as np

from ingest.simulator.devices import SECOND_NS
from ingest.simulator.machines import Machine
from ingest.simulator.schedule import DAY_S, STOP_REASONS
from ingest.simulator.spans import Span


def causes_of(machines: list[Machine], spans: list[Span]) -> list[dict[str, Any]]:
    """For each machine and window: `stops_s`, how long it stood by reason [s], and `rejects` by reason [pieces]."""
    rows = []
    for machine in machines:
        for span in spans:
            stops, rejects = stops_s(machine, span), reject_counts(machine, span)
            if stops or rejects:
                window = {"asset": machine.asset, "window": span.window, "start_ns": span.start_s * SECOND_NS}
                rows.append({**window, "stops_s": stops, "rejects": rejects})
    return rows


def stops_s(machine: Machine, span: Span) -> dict[str, float]:
    """How long a machine was stopped for each reason [s]."""
    seconds: Counter[str] = Counter()
    for day, first, last in _days(span):
        cause = machine.timeline(day).cause[first:last]
        for number, count in enumerate(np.bincount(cause[cause >= 0], minlength=len(STOP_REASONS)).tolist()):
            seconds[STOP_REASONS[number]] += count
    return {reason: float(count) for reason, count in seconds.most_common() if count}


def reject_counts(machine: Machine, span: Span) -> dict[str, int]:
    """How many pieces were thrown away for each reason."""
    pieces = Counter(
        reason
        for day, first, last in _days(span)
        for second, reason in machine.counters(day).rejects
        if first <= second < last
    )
    return dict(pieces.most_common())


def _days(span: Span) -> list[tuple[int, int, int]]:
    """A window's days, with the seconds of each that lie in it: day, first, end."""
    days = range(span.start_s // DAY_S, -(-span.end_s // DAY_S))
    return [(day, max(span.start_s - day * DAY_S, 0), min(span.end_s - day * DAY_S, DAY_S)) for day in days]
