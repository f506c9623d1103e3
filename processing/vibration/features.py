"""All that a block of samples says, as numbers that readings are made of, and why it says nothing.

An offset of the samples is taken away first: that of an acceleration sensor means nothing. A waveform that can't be trusted as a whole
(constant, clipped, of another rate than declared) has a doubt and no other feature; one that is too short for a band lacks what that
band would tell.
"""

import struct
from enum import IntEnum
from math import nan
from typing import NamedTuple

import numpy as np

from fieldline.plantfile.machine import MachineEntry
from processing.vibration.evidence import FAULTS, Envelopes, envelopes, evidence
from processing.vibration.spectrum import Spectrum, band_rms, powers, transform
from processing.vibration.time_domain import moments_of, time_features

MOST_SAMPLES = 1 << 20
"""A longer block says nothing: 40 s at 25.6 kHz, which take a tenth of a second."""
_PERIODS = 4.0
"""So many periods of a band's lowest frequency a block is to last: a Hann window smears a line over four."""
_RATE_TOLERANCE = 1e-3
_RATES_HZ = (1e-3, 1e9)
"""No instrument samples slower or faster."""
_LEAST_AT_END = 4
"""A block is clipped whose samples at one end of its range are so many and more than those near it: a sine or noise thins out there."""


class Doubt(IntEnum):
    """Why a waveform says less than it might, by gravity; from `OTHER_RATE` on it says nothing else."""

    NONE = 0
    NO_SPEED = 1
    SHORT_FOR_ENVELOPE = 2
    OUT_OF_BAND = 3
    OTHER_RATE = 4
    CONSTANT = 5
    CLIPPED = 6
    TOO_LONG = 7
    UNREADABLE = 8


DOUBTS = (
    "",
    "no speed known at the waveform",
    "waveform too short, or its rate too low, for the bearing's lines",
    "waveform too short, or its rate too low, for band_hz",
    "waveform of another rate than rate_hz",
    "waveform constant",
    "waveform clipped",
    f"waveform longer than {MOST_SAMPLES} samples",
    "waveform unreadable",
)
"""What each doubt is called."""

WAVEFORM = "@waveform"
"""The tag of a waveform's row."""

OF_TIME = ("crest_factor", "kurtosis", "skewness", "shape_factor", "impulse_factor", "clearance_factor")
PREFIX = "waveform_"
FEATURES = tuple(
    PREFIX + name
    for name in (
        "doubt",
        "acceleration_rms_m_s2",
        "acceleration_peak_m_s2",
        *OF_TIME,
        "velocity_rms_mm_s",
        "displacement_rms_um",
        *(f"{fault}_evidence" for fault in FAULTS),
    )
)
"""The tags that a waveform's features are readings of; `doubt` is always there."""

_UNDECLARED = MachineEntry()


class Block(NamedTuple):
    """Samples as they came. samples : float64[n], in the sensor's unit."""

    samples: np.ndarray
    rate_hz: float


def read_block(payload: bytes) -> Block | None:
    """The block in the payload of a waveform row (`fieldline/frames.py`); None where there is none, or one that no instrument takes."""
    if len(payload) < 12 or len(payload) % 4:
        return None
    (rate,) = struct.unpack_from("<d", payload)
    samples = np.frombuffer(payload, "<f4", offset=8).astype(np.float64)
    is_block = _RATES_HZ[0] <= rate <= _RATES_HZ[1] and bool(np.isfinite(samples).all())
    return Block(samples, rate) if is_block else None


class Said(NamedTuple):
    """What a waveform says by itself.

    features : float64[len(FEATURES)], NaN where one does not exist
    envelopes : what faults are looked for in, once the shaft's speed is known; None: none are
    """

    features: np.ndarray
    envelopes: Envelopes | None = None


def features(payload: bytes, machine: MachineEntry | None, shaft_hz: float | None = None) -> np.ndarray:
    """The features of a waveform row, float64[len(FEATURES)]; NaN where one does not exist.

    machine : what the plant file says of the asset; None: nothing, so that samples are taken for m/s² and no bearing is known
    shaft_hz : how fast the shaft turned, NaN: that is not known; None: as the plant file says
    """
    speed = (_UNDECLARED if machine is None else machine).shaft_hz if shaft_hz is None else shaft_hz
    return at_speed(say(payload, machine), machine, speed)


def at_speed(said: Said, machine: MachineEntry | None, shaft_hz: float) -> np.ndarray:
    """The features, float64[len(FEATURES)], with the evidence that there is at a speed of the shaft; NaN: that is not known."""
    bearing = machine.geometry if machine is not None else None
    if said.envelopes is None or bearing is None:
        return said.features
    found = said.features.copy()
    if shaft_hz > 0.0:
        found[-len(FAULTS) :] = evidence(said.envelopes, bearing, shaft_hz)
    is_told = not np.isnan(found[-len(FAULTS) :]).any()
    doubt = Doubt.NONE if is_told else Doubt.SHORT_FOR_ENVELOPE if shaft_hz > 0.0 else Doubt.NO_SPEED
    found[0] = max(found[0], doubt)
    return found


def say(payload: bytes, machine: MachineEntry | None) -> Said:
    """What a waveform row says by itself; see `features`."""
    said, found = machine or _UNDECLARED, np.full(len(FEATURES), nan)
    if len(payload) > 8 + 4 * MOST_SAMPLES:
        found[0] = Doubt.TOO_LONG
        return Said(found)
    block = read_block(payload)
    if block is None:
        found[0] = Doubt.UNREADABLE
        return Said(found)
    acceleration = block.samples * said.m_s2
    acceleration -= acceleration.mean()
    moments = moments_of(acceleration)
    found[0] = doubt = _doubt(block, moments, said)
    if doubt is not Doubt.NONE:
        return Said(found)
    spectrum = transform(acceleration, block.rate_hz)
    found[: -len(FAULTS)] = _told(moments, spectrum, said)
    bearing = said.geometry
    return Said(found) if bearing is None else Said(found, envelopes(spectrum, bearing, said.shaft_hz))


def _doubt(block: Block, moments: np.void, said: MachineEntry) -> Doubt:
    """Why the block as a whole says nothing."""
    if said.rate_hz is not None and abs(block.rate_hz / said.rate_hz - 1.0) > _RATE_TOLERANCE:
        return Doubt.OTHER_RATE
    if moments["low"] == moments["high"]:
        return Doubt.CONSTANT
    reaches = said.full_scale is not None and float(np.abs(block.samples).max()) >= said.full_scale * (1.0 - 1e-6)
    piles_up = any(
        moments[f"at_{end}"] >= _LEAST_AT_END and moments[f"at_{end}"] > moments[f"near_{end}"] > 0.0
        for end in ("low", "high")
    )  # none near it: the converter has some steps only, and where these end can't be told
    return Doubt.CLIPPED if reaches or piles_up else Doubt.NONE


def _told(moments: np.void, spectrum: Spectrum, said: MachineEntry) -> list[float]:
    """The features of a block that can be trusted, but for the evidence; both of the acceleration, its offset aside [m/s²]."""
    of_time = time_features(moments)
    velocity, displacement = _integrated(spectrum, said.band)
    doubt = Doubt.OUT_OF_BAND if np.isnan(velocity) else Doubt.NONE
    factors = [getattr(of_time, name) for name in OF_TIME]
    return [float(doubt), of_time.rms, of_time.peak, *factors, velocity * 1e3, displacement * 1e6]


def _integrated(spectrum: Spectrum, band: tuple[float, float]) -> tuple[float, float]:
    """RMS of velocity [m/s] and displacement [m] in a band; NaN where the block has not all of it."""
    if spectrum.spacing_hz * _PERIODS > band[0] or spectrum.rate_hz < 2.0 * band[1]:
        return nan, nan
    power = powers(spectrum)
    return band_rms(spectrum, *band, 1, power), band_rms(spectrum, *band, 2, power)
