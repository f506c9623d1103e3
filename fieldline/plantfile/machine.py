"""A machine whose vibration is measured: `[asset.machine]`, what its waveforms are judged by.

Defaults: the band of velocity is that of ISO 20816-3:2022, 10 to 1000 Hz, from 2 Hz on where the shaft turns at less than 600 r/min.
"""

from math import cos, isfinite, nan, radians
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fieldline.bearings import CATALOGUE, Bearing
from fieldline.plantfile.values import Name, NotNegative, Positive, number_fault, raise_faults
from fieldline.tables import nearest

SUPPORTS = ("rigid", "flexible")
PREFIX = "machine_"
NUMBERS = tuple(PREFIX + name for name in ("iso_group", "support", "baseline_mm_s", "has_bearing"))
"""Names of the numbers that metrics read of it."""

_M_S2 = {"m/s2": 1.0, "g": 9.80665}
_SLOW_RPM = 600.0


class BearingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The geometry of a bearing.

    elements : balls or rollers of one row; element_mm, pitch_mm : diameters of these and of the circle of their centres
    contact_deg : contact angle
    """

    elements: Annotated[int, Meta(ge=3, le=200)]
    element_mm: Positive
    pitch_mm: Positive
    contact_deg: NotNegative = 0.0

    def __post_init__(self) -> None:
        faults = [number_fault(key, getattr(self, key)) for key in ("element_mm", "pitch_mm", "contact_deg")]
        if self.contact_deg >= 90.0:
            faults.append(f"contact_deg: expected an angle below 90, got {self.contact_deg:g}")
        elif self.element_mm * cos(radians(self.contact_deg)) >= self.pitch_mm:
            faults.append(f"element_mm: expected less than pitch_mm, {self.pitch_mm:g}, got {self.element_mm:g}")
        raise_faults(faults)


class MachineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the waveforms of an asset are judged by.

    iso_group, support : of ISO 20816-3, see `processing/formulas/severity.py`; without them there is no zone
    speed_rpm : how fast the shaft turns, to within a percent; with `speed_tag` the most that it ever does [r/min]
    speed_tag : the asset's tag that measures it, in r/min where it has no unit: what holds at a waveform's time is its speed
    bearing : its name in `fieldline/bearings.py`, or its geometry; without it, or without a speed, no fault is looked for
    acceleration_unit : what samples are in
    rate_hz : the sample rate; a waveform of another one says nothing. Default: whichever it has
    full_scale : of the sensor, in acceleration_unit: samples that reach it are clipped. Default: seen where samples pile up at an end
    band_hz : what velocity and displacement are of
    baseline_mm_s : the velocity that the machine has when it is well; alarm limit and change are counted from it
    """

    iso_group: Annotated[int, Meta(ge=1, le=2)] | None = None
    support: str | None = None
    speed_rpm: Positive | None = None
    speed_tag: Name | None = None
    bearing: Name | BearingEntry | None = None
    acceleration_unit: Literal["m/s2", "g"] = "m/s2"
    rate_hz: Positive | None = None
    full_scale: Positive | None = None
    band_hz: tuple[Positive, Positive] | None = None
    baseline_mm_s: Positive | None = None

    def __post_init__(self) -> None:
        keys = ("speed_rpm", "rate_hz", "full_scale", "baseline_mm_s")
        raise_faults([*(number_fault(key, getattr(self, key)) for key in keys), *_faults(self)])

    @property
    def geometry(self) -> Bearing | None:
        """The bearing; None where none is declared."""
        if isinstance(self.bearing, BearingEntry):
            return Bearing(*(getattr(self.bearing, key) for key in Bearing._fields))
        return None if self.bearing is None else CATALOGUE[self.bearing]

    @property
    def shaft_hz(self) -> float:
        """How fast the shaft turns; NaN where it is not declared."""
        return nan if self.speed_rpm is None else self.speed_rpm / 60.0

    @property
    def band(self) -> tuple[float, float]:
        """The band of velocity and displacement [Hz]."""
        is_slow = self.speed_rpm is not None and self.speed_rpm < _SLOW_RPM
        return self.band_hz or (2.0 if is_slow else 10.0, 1000.0)

    @property
    def m_s2(self) -> float:
        """What makes m/s² of samples."""
        return _M_S2[self.acceleration_unit]

    @property
    def numbers(self) -> dict[str, float]:
        """What metrics read of it, by `NUMBERS`; NaN where it is not declared."""
        support = nan if self.support is None else float(SUPPORTS.index(self.support))
        said = (self.iso_group, support, self.baseline_mm_s, float(self.bearing is not None))
        return {name: nan if value is None else float(value) for name, value in zip(NUMBERS, said, strict=True)}


def _faults(entry: MachineEntry) -> list[str]:
    faults = []
    if entry.support is not None and entry.support not in SUPPORTS:
        near = nearest(entry.support, SUPPORTS)
        faults.append(f"support: expected {' or '.join(SUPPORTS)}, got {entry.support!r}{near}")
    if (entry.iso_group is None) != (entry.support is None):
        faults.append("iso_group and support: expected both or neither: ISO 20816-3 has no zone by one of them")
    if isinstance(entry.bearing, str) and entry.bearing not in CATALOGUE:
        known = nearest(entry.bearing, CATALOGUE) or f"; known are {', '.join(CATALOGUE)}"
        faults.append(f"bearing: no geometry is known of {entry.bearing!r}{known}; any may be declared by its numbers")
    if entry.bearing is not None and entry.speed_rpm is None:
        faults.append("bearing: expected speed_rpm too: without it its faults have no frequency")
    if entry.speed_tag is not None and entry.bearing is None:
        faults.append("speed_tag: expected a bearing too: only its faults go by the speed")
    if entry.band_hz is not None and not (isfinite(entry.band_hz[1]) and entry.band_hz[0] < entry.band_hz[1]):
        faults.append(f"band_hz: expected two frequencies, the lower first, got {list(entry.band_hz)}")
    if entry.rate_hz is not None and entry.rate_hz < 2.0 * entry.band[1]:
        faults.append(f"rate_hz: expected at least twice the band's end, {entry.band[1]:g} Hz, got {entry.rate_hz:g}")
    return faults
