"""A waveform's spectra as a picture: the acceleration above, the envelope with the bearing's lines below."""

from pathlib import Path
from typing import Any

from analysis.overview.spectrum import NAMES, Curve, Seen, evidence_of, highest_shown_hz
from fieldline.errors import SettingsError
from fieldline.moments import local
from processing.vibration.evidence import NAMED_FROM, SLIP, USABLE

FORMATS = (".png", ".svg")
_COLOURS = dict(zip(NAMES, ("#c0392b", "#2471a3", "#1e8449", "#7d3c98"), strict=True))
_INCHES, _DPI = (10.0, 7.0), 120


def draw_spectrum(seen: Seen, path: Path) -> Path:
    """Write a waveform's spectra into a PNG or SVG file, which is made or replaced.

    Raises SettingsError for another kind of file, and one that can't be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise SettingsError(f"--picture: expected a file that ends in {' or '.join(FORMATS)}, got {path.name!r}")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1)
    figure.suptitle(f"{seen.asset}, {local(seen.time)}, {seen.samples} samples at {seen.rate_hz:g} Hz")
    _draw(
        above, seen.acceleration.up_to(seen.rate_hz / USABLE) if seen.acceleration.axis == "Hz" else seen.acceleration
    )
    above.set_title("acceleration", loc="left", fontsize="medium")
    _draw(below, seen.envelope.up_to(highest_shown_hz(seen)))
    below.set_title("envelope", loc="left", fontsize="medium")
    _mark(below, seen)
    try:
        figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise SettingsError(f"--picture: {path} can't be written: {error}") from error
    return path


def _draw(axes: Any, curve: Curve) -> None:
    axes.plot(curve.at, curve.amplitude, color="#34495e", linewidth=0.8)
    axes.set_xlabel("frequency [Hz]" if curve.axis == "Hz" else "order of the shaft")
    axes.set_ylabel(f"amplitude [{curve.unit}]")
    axes.margins(x=0.0)
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3, linewidth=0.5)


def _mark(axes: Any, seen: Seen) -> None:
    """Where each fault has its lines, as far as the bearing may slip, those of a named one in full; and what the evidence of each is."""
    evidence = evidence_of(seen)
    for name in NAMES:
        mine = [line for line in seen.lines if line.fault == name]
        if mine:
            is_named = evidence[name] >= NAMED_FROM
            label = f"{name}, evidence {evidence[name]:.1f}"
            for number, line in enumerate(mine):
                ends = line.expected_hz * (1.0 - SLIP), line.expected_hz * (1.0 + SLIP)
                alpha = 0.55 if is_named else 0.2
                axes.axvspan(
                    *ends, color=_COLOURS[name], alpha=alpha, linewidth=0, label=label if not number else None, zorder=0
                )
    if seen.lines:
        axes.legend(loc="upper right", fontsize="small", framealpha=0.9)
