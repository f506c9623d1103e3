"""Waveforms of a machine: payloads of rows `@waveform`, well and with a worn bearing, and such as say nothing."""

import struct
from functools import cache
from random import Random

import numpy as np

from fieldline.frames import payload_digest
from fieldline.plantfile import MachineEntry
from tests.bits.arrivals import Row

RATE_HZ, SAMPLES = 5120.0, 1280
MACHINE = MachineEntry(
    iso_group=2,
    support="rigid",
    speed_rpm=6000.0,
    bearing="6205-2RS JEM",
    rate_hz=RATE_HZ,
    full_scale=60.0,
    band_hz=(20.0, 1000.0),
    baseline_mm_s=1.2,
)
"""A fast shaft: a quarter of a second is enough to see its faults."""


def payload(samples: np.ndarray, rate_hz: float = RATE_HZ) -> bytes:
    """What a waveform's row has on the log."""
    return struct.pack("<d", rate_hz) + samples.astype("<f4").tobytes()


def shaken(
    seed: int, strikes: float, order: float = 3.585, shaft_hz: float = 100.0, seconds: float = 0.25
) -> np.ndarray:
    """Noise, the shaft, and a ring at 1.5 kHz each time a fault strikes; float64[n] [m/s²]. order : strikes a turn."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    since = np.mod(t + seed % 7 / 700.0, 1.0 / (order * shaft_hz))
    ring = np.exp(-1500.0 * since) * np.sin(2.0 * np.pi * 1500.0 * since)
    return (
        0.5 * np.random.default_rng(seed).normal(size=len(t))
        + 2.0 * np.sin(2.0 * np.pi * shaft_hz * t)
        + strikes * ring
    )


@cache
def payloads() -> tuple[bytes, ...]:
    """Well, worn, worn and lost in noise; then constant, clipped, of another rate, too short, unreadable."""
    well, worn = shaken(1, 0.0), shaken(2, 20.0)
    return (
        *map(payload, (well, worn, shaken(3, 6.0))),
        payload(np.full(SAMPLES, 9.81)),
        payload(np.clip(worn, -4.0, 4.0)),
        payload(well, 2.0 * RATE_HZ),
        payload(well[:64]),
        b"no waveform",
    )


def wave(random: Random, asset: str, time: int) -> Row:
    """A waveform, mostly a good one."""
    found = random.choice((*payloads()[:3] * 4, *payloads()))
    return Row(asset, "@waveform", time, payload_digest(found), 0, found)
