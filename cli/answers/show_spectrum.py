"""The spectra of a waveform shown: drawn in the terminal, as tables, and as a picture where one is wanted."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from analysis.kept_waveforms.store import Store
from analysis.logs import existing
from analysis.overview.spectrum import NAMES, Curve, Seen, evidence_of, highest_shown_hz, spectrum_of
from cli.report import Column, Data, Note, Piece, Quantity, Report, Table, View
from cli.report.curve import curve
from cli.report.drawing import picture
from fieldline.plant import Plant
from processing.vibration.evidence import NAMED_FROM, USABLE

_LETTERS = dict(zip(NAMES, "OIBC", strict=True))


def report(
    plant: Plant,
    log: str,
    asset: str,
    until: int,
    run_up_rpm: tuple[float, float] | None,
    path: Path | None,
    kept: Path | None = None,
) -> Report:
    """The spectra of the last waveform of an asset up to a time [ns UTC].

    path : where a picture goes; kept : a folder of kept waveforms; see `spectrum_of`
    """
    with existing(log) as opened:
        seen = spectrum_of(opened, plant, asset, until, run_up_rpm, None if kept is None else Store(kept))
    return Report(list(_pieces(seen, path)))


def _pieces(seen: Seen, path: Path | None) -> Iterator[Piece]:
    yield Data("asset", seen.asset)
    yield Data("time", seen.time)
    yield Data("rate_hz", seen.rate_hz)
    yield Data("samples", seen.samples)
    yield Data(
        "features", {name: None if isnan(value) else value for name, value in seen.said.items() if name != "doubt"}
    )
    whole = seen.acceleration
    if whole.axis == "Hz":
        whole = whole.up_to(seen.rate_hz / USABLE)
    yield _curve("acceleration", seen, whole, {})
    yield _curve("envelope", seen, seen.envelope.up_to(highest_shown_hz(seen)), _marks(seen))
    yield Data("doubt", seen.doubt or None)
    if seen.doubt:
        yield Note(seen.doubt)
    yield _bands(seen)
    yield from _faults(seen)
    if path is not None:
        from models.vibration.pictures import draw_spectrum

        yield Data("picture", str(draw_spectrum(seen, path)))
        yield Note(f"picture: {path}")


def envelope_of(seen: Seen, view: View, title: str) -> RenderableType:
    """The spectrum of a waveform's envelope, with letters where the faults have their lines."""
    shown = seen.envelope.up_to(highest_shown_hz(seen))
    return curve(
        shown.at,
        shown.amplitude,
        shown.axis,
        f"{title}, envelope in {shown.unit}, {view.time(seen.time)}",
        _marks(seen),
    )


def _marks(seen: Seen) -> dict[str, list[float]]:
    lines = {_LETTERS[name]: [line.expected_hz for line in seen.lines if line.fault == name] for name in NAMES}
    return {letter: places for letter, places in lines.items() if places}


def _curve(name: str, seen: Seen, shown: Curve, marks: dict[str, list[float]]) -> Piece:
    data = {"at": shown.at.tolist(), "amplitude": shown.amplitude.tolist(), "axis": shown.axis, "unit": shown.unit}

    def draw(view: View) -> Any:
        title = f"{seen.asset}: {name} in {shown.unit}, {view.time(seen.time)}"
        return curve(shown.at, shown.amplitude, shown.axis, title, marks)

    return picture(name, data, draw)


def _bands(seen: Seen) -> Table:
    rows = [
        {
            "from_hz": Quantity(band.low_hz, digits=0),
            "to_hz": Quantity(band.high_hz, digits=0),
            "rms_m_s2": Quantity(band.rms_m_s2, digits=4),
            "share": Quantity(band.share, digits=3),
        }
        for band in seen.bands
    ]
    columns = [
        Column("from_hz", "from", "Hz"),
        Column("to_hz", "to", "Hz"),
        Column("rms_m_s2", "RMS", "m/s²"),
        Column("share"),
    ]
    return Table("bands", columns, rows, keys=2)


def _faults(seen: Seen) -> Iterator[Piece]:
    evidence = evidence_of(seen)
    rows = [
        {
            "fault": name,
            "mark": _LETTERS[name],
            "evidence": Quantity(None if isnan(evidence[name]) else evidence[name], digits=1),
            "expected_hz": Quantity(line.expected_hz, digits=1),
            "found_hz": Quantity(line.found_hz, digits=1),
            "amplitude_m_s2": Quantity(line.amplitude, digits=4),
        }
        for name in NAMES
        for line in seen.lines
        if line.fault == name and line.harmonic == 1
    ]
    columns = [Column("fault"), Column("mark"), Column("evidence"), Column("expected_hz", "expected", "Hz")]
    columns += [Column("found_hz", "found", "Hz"), Column("amplitude_m_s2", "amplitude", "m/s²")]
    yield Table("faults", columns, rows, empty="no fault is looked for: no bearing is declared, or no speed is known")
    named = max((name for name in NAMES if evidence[name] >= NAMED_FROM), key=evidence.__getitem__, default=None)
    yield Data("fault", named)
    if rows:
        yield Note(
            f"{named} is worn, by what the envelope says" if named else "no fault is named: none has an evidence of 4"
        )
