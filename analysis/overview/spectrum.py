"""The spectra of a waveform, of the acceleration and of its envelope, with the lines of the bearing's faults; and bands of it."""

from typing import NamedTuple

import numpy as np

from analysis.corrected import READING
from analysis.evidence import Sought, read_evidence
from analysis.kept_waveforms.store import Kept, Store
from analysis.overview.asked import ALL_TIME
from analysis.waveforms import newest_waveform, speeds_at
from fieldline.errors import SettingsError
from fieldline.log import Log
from fieldline.moments import Moment, iso
from fieldline.plant import Plant
from fieldline.plantfile import MachineEntry
from processing.vibration.envelope import envelope_spectrum
from processing.vibration.evidence import BAND_FROM_HZ, FAULTS, HARMONICS, SLIP, USABLE
from processing.vibration.features import DOUBTS, FEATURES, PREFIX, Block, Doubt, features, read_block
from processing.vibration.order_tracking import order_spectrum, run_up_angle
from processing.vibration.spectrum import Spectrum, amplitudes, band_rms, powers, transform

NAMES = ("outer race", "inner race", "ball", "cage")
"""What the faults are called, in the order of `FAULTS`."""
_BANDS = 6
_PER_TURN = 64


class Curve(NamedTuple):
    """Amplitudes by frequency or order, float64[n] each. unit : of the amplitude; axis : "Hz" or "orders"."""

    at: np.ndarray
    amplitude: np.ndarray
    unit: str
    axis: str = "Hz"

    def up_to(self, end: float) -> "Curve":
        """The part below an end."""
        n = int(np.searchsorted(self.at, end, "right"))
        return self._replace(at=self.at[:n], amplitude=self.amplitude[:n])


class FaultLine(NamedTuple):
    """A line of a fault in the envelope's spectrum: where it should be, where the highest is within the slip, and its amplitude."""

    fault: str
    harmonic: int
    expected_hz: float
    found_hz: float
    amplitude: float


class Band(NamedTuple):
    """What lies in a band: RMS and share of the whole mean square."""

    low_hz: float
    high_hz: float
    rms_m_s2: float
    share: float


class Seen(NamedTuple):
    """A waveform seen. said : its features, by name without prefix; NaN where one does not exist."""

    asset: str
    time: Moment
    rate_hz: float
    samples: int
    said: dict[str, float]
    doubt: str
    acceleration: Curve
    envelope: Curve
    lines: list[FaultLine]
    bands: list[Band]


def spectrum_of(
    log: Log,
    plant: Plant,
    asset: str,
    until: int,
    run_up_rpm: tuple[float, float] | None,
    kept: Store | None = None,
) -> Seen:
    """The spectra of the last waveform of an asset up to a time [ns UTC], on the log or, where there is a later one, kept beside it.

    run_up_rpm : how fast the shaft turned at the begin and at the end of the waveform: the acceleration is shown by orders then

    Raises SettingsError where there is none, or one without lines; Unavailable.
    """
    on_log, beside = newest_waveform(log, plant, asset, until), None if kept is None else kept.newest(asset, until)
    taken = beside if beside is not None and (on_log is None or beside.time > on_log.time) else on_log
    if taken is None:
        then = "" if until == ALL_TIME else f" up to {iso(until)}"
        where = "the log has no waveform" if kept is None else f"neither the log nor {kept.folder} has a waveform"
        raise SettingsError(f"show spectrum: {where} of {asset}{then}")
    said = plant.asset_info(asset).machine
    block = read_block(taken.payload)
    if block is None or len(block.samples) < 8:
        raise SettingsError(
            f"show spectrum: the waveform of {asset} at {iso(taken.time)} is unreadable, or has less than 8 samples"
        )
    machine = said or MachineEntry()
    spectrum = transform((block.samples - block.samples.mean()) * machine.m_s2, block.rate_hz)
    acceleration = Curve(spectrum.frequencies_hz, amplitudes(spectrum), "m/s²")
    if run_up_rpm is not None:
        acceleration = _by_orders(block, machine, run_up_rpm)
    shaft_hz = taken.shaft_hz if isinstance(taken, Kept) else _speed_hz(log, plant, asset, machine, taken.time)
    envelope = _envelope(spectrum)
    told = features(taken.payload, said, shaft_hz).tolist()
    found = dict(zip((name.removeprefix(PREFIX) for name in FEATURES), told, strict=True))
    return Seen(
        asset,
        Moment(taken.time, plant.time_zone(asset)),
        block.rate_hz,
        len(block.samples),
        found,
        DOUBTS[Doubt(int(found["doubt"]))],
        acceleration,
        envelope,
        _lines(envelope, machine, shaft_hz),
        _bands(spectrum),
    )


def _speed_hz(log: Log, plant: Plant, asset: str, machine: MachineEntry, time: int) -> float:
    """How fast the shaft turned at a time [ns UTC]: as the plant file says, or the tag that it names; NaN: that is not known."""
    tag = machine.speed_tag
    if tag is None:
        return machine.shaft_hz
    hold = int(plant.tag_info(asset, tag).max_gap_s * 1e9)
    tags = (tag, f"{READING}/{tag}")

    def choose(one: str, its: str) -> tuple[int, int] | None:
        return (hold, 0) if one == asset and its in tags else None

    (found,) = read_evidence(log, [Sought(plant.line_of(asset), choose, time, time + 1)])
    rows = found.series.get((asset, tag))
    return speeds_at(plant, asset, rows.usable() if rows is not None else [], [time])[0]


def _by_orders(block: Block, machine: MachineEntry, run_up_rpm: tuple[float, float]) -> Curve:
    begin, end = (rpm / 60.0 for rpm in run_up_rpm)
    angle = run_up_angle(len(block.samples), block.rate_hz, begin, end)
    samples = (block.samples - block.samples.mean()) * machine.m_s2
    try:
        return Curve(*order_spectrum(samples, angle, _PER_TURN), "m/s²", "orders")
    except ValueError as error:
        raise SettingsError(f"show spectrum: --run-up: {error}") from error


def _envelope(spectrum: Spectrum) -> Curve:
    """The envelope of the band that faults are looked for in; of nothing where the waveform has none of it."""
    end = spectrum.rate_hz / USABLE
    if end <= BAND_FROM_HZ + 2.0 * spectrum.spacing_hz:
        return Curve(np.empty(0), np.empty(0), "m/s²")
    frequency, amplitude = envelope_spectrum(spectrum, BAND_FROM_HZ, end)
    return Curve(frequency[1:], amplitude[1:], "m/s²")


def _lines(envelope: Curve, machine: MachineEntry, shaft_hz: float) -> list[FaultLine]:
    bearing, found = machine.geometry, list[FaultLine]()
    if bearing is None or not shaft_hz > 0.0:
        return found
    for name, order in zip(NAMES, bearing.orders, strict=True):
        for harmonic in range(1, HARMONICS + 1):
            expected = harmonic * order * shaft_hz
            near = np.flatnonzero(np.abs(envelope.at - expected) <= max(SLIP * expected, _spacing(envelope) / 2.0))
            if len(near):
                top = near[envelope.amplitude[near].argmax()]
                found.append(
                    FaultLine(name, harmonic, expected, float(envelope.at[top]), float(envelope.amplitude[top]))
                )
    return found


def _spacing(curve: Curve) -> float:
    return float(curve.at[0]) if len(curve.at) else 0.0


def _bands(spectrum: Spectrum) -> list[Band]:
    """The spectrum up to its usable end in bands, each twice as wide as the one before."""
    power, end = powers(spectrum), spectrum.rate_hz / USABLE
    whole = float(power.sum())
    edges = [0.0, *(end / 2.0**k for k in range(_BANDS - 1, -1, -1))]
    found = []
    for low, high in zip(edges, edges[1:], strict=False):
        rms = band_rms(spectrum, np.nextafter(low, high), high, power=power)
        found.append(Band(low, high, rms, rms * rms / whole if whole > 0.0 else 0.0))
    return found


def highest_shown_hz(seen: Seen) -> float:
    """How far the envelope's spectrum is worth showing: the last line of a fault, else a twentieth of what is usable."""
    lines = [line.expected_hz for line in seen.lines]
    return 1.1 * max(lines) if lines else seen.rate_hz / USABLE / 20.0


def evidence_of(seen: Seen) -> dict[str, float]:
    """The evidence of each fault, by its name; NaN where it is not known."""
    return {name: seen.said[f"{fault}_evidence"] for name, fault in zip(NAMES, FAULTS, strict=True)}
