"""The metric catalogue: every field that leaves the pipeline, with unit, meaning and source, as one table.

Documentation (`python -m fieldline.catalogue > docs/metrics.md`), the field types in InfluxDB and the checks on
dashboards come from it.
"""

from typing import NamedTuple


class Metric(NamedTuple):
    """One field of one kind of metric. All fields are float64; a value that does not exist is absent, never 0."""

    kind: str
    field: str
    unit: str
    meaning: str
    source: str


KINDS: dict[str, str] = {
    "reading": "The rows themselves, at their own time, for the assets and tags that `--raw GLOB` names. No window.",
    "telemetry": "What one tag did in a window: at the window's start, per tag, in the tag's own unit.",
    "energy": "What one asset drew in a window, from power, registers, interval energy or pulses.",
}

_COVERAGE = ("coverage", "1", "share of the window that was observed, 0 to 1: time between samples not further apart than the "
             "tag's maximum gap, over the window's length", "definition of this project")  # fmt: skip
_REV = ("rev", "1", "revision of this row, from 0; grows when late rows change the window", "definition of this project")
_ROWS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "reading": (("value", "tag's", "the value as the device sent it", "none: not computed"),),
    "telemetry": (
        ("count", "1", "samples in the window, duplicates not counted", "definition of this project"),
        ("min", "tag's", "smallest sample", "definition"),
        ("max", "tag's", "largest sample", "definition"),
        ("mean", "tag's", "arithmetic mean of the samples, however they are spaced", "arithmetic mean"),
        ("time_weighted_mean", "tag's", "integral over the observed time by the trapezoidal rule, divided by that time; what "
         "straddles a boundary is split there by linear interpolation", "trapezoidal rule"),
        ("last", "tag's", "the newest sample", "definition"),
        _COVERAGE,
        _REV,
    ),
    "energy": (
        ("active_energy_kwh", "kWh", "active energy. Power: trapezoid over event time, intervals longer than the maximum gap left out. "
         "Register: differences with rollover and reset. Interval energy and pulses: sums",
         "trapezoidal rule; register resets after Prometheus' counter semantics; pulses times the meter constant (IEC 62053-31 outputs)"),
        ("reactive_energy_kvarh", "kvarh", "reactive energy, by the same rules", "as active_energy_kwh"),
        ("peak_demand_kw", "kW", "largest mean power over a clock-aligned demand interval of 15 min that lies in the window; "
         "in a shorter window the mean power of that window", "block interval demand: energy of the interval over its length"),
        ("power_factor", "1", "average power factor P / √(P² + Q²) from the window's energies; absent when both are zero or one is unknown",
         "energy form of the power triangle, average power factor"),
        _COVERAGE,
        _REV,
    ),
}  # fmt: skip

METRICS: tuple[Metric, ...] = tuple(Metric(kind, *row) for kind, rows in _ROWS.items() for row in rows)
TAGS: dict[str, tuple[str, ...]] = {
    "reading": ("site", "area", "line", "asset", "tag"),
    "telemetry": ("site", "area", "line", "asset", "tag", "window"),
    "energy": ("site", "area", "line", "asset", "window"),
}
"""The tags of each kind's rows; a level that an asset's path lacks is no tag."""


def fields(kind: str) -> tuple[str, ...]:
    """The fields of a kind, in the catalogue's order; empty for an unknown kind."""
    return tuple(metric.field for metric in METRICS if metric.kind == kind)


def page() -> str:
    """The catalogue as a Markdown page."""
    lines = ["# Metrics", "", "Generated from `fieldline/catalogue.py` by `python -m fieldline.catalogue`; change that table, not this page.", "",
             "Every field is a float. Time is the window's start (UTC). A value that does not exist is absent.", ""]  # fmt: skip
    for kind, meaning in KINDS.items():
        lines += [f"## {kind}", "", meaning, "", f"Tags: {', '.join(f'`{tag}`' for tag in TAGS[kind])}.", ""]
        lines += ["| field | unit | meaning | source |", "|---|---|---|---|"]
        lines += [f"| `{m.field}` | {m.unit} | {m.meaning} | {m.source} |" for m in METRICS if m.kind == kind]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
