"""A weather station: `[asset.station]`, where it stands. The sun's course follows from that, and so does what it may measure.

    [[asset]]
    path = "farm/north/weather"

    [asset.station]
    latitude_deg = 48.13
    longitude_deg = 11.58
    altitude_m = 520

Positions are those of WGS 84, as a map or a telephone tells them.
"""

from math import isfinite
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from fieldline.plantfile.values import raise_faults

PREFIX = "station_"
ClearSky = Literal["altitude", "vapour"]
CLEAR_SKIES: tuple[str, ...] = get_args(ClearSky)


class StationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Where a weather station stands.

    latitude_deg, longitude_deg : north and east positive; altitude_m : above the sea
    wind_height_m : of the anemometer above the ground; wind is brought to 2 m from there
    clear_sky : what a clear sky lets through: by the altitude alone, as FAO-56 and the standardized equation have it, or through the air's
    vapour too (ASCE-EWRI 2005, appendix D), as the program REF-ET has it
    """

    latitude_deg: Annotated[float, Meta(ge=-90, le=90)]
    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]
    altitude_m: Annotated[float, Meta(ge=-500, le=6000)]
    wind_height_m: Annotated[float, Meta(ge=0.5, le=200)] = 2.0
    clear_sky: ClearSky = "altitude"

    def __post_init__(self) -> None:
        # Of infinite numbers only NaN passes the bounds.
        odd = [key for key in _MEASURES if not isfinite(getattr(self, key))]
        raise_faults([f"{key}: expected a finite number, got {getattr(self, key)}" for key in odd])

    @property
    def numbers(self) -> dict[str, float]:
        """What metrics read of it, by `NUMBERS`; the clear sky is its place in `CLEAR_SKIES`."""
        clear_sky = CLEAR_SKIES.index(self.clear_sky)
        said = (self.latitude_deg, self.longitude_deg, self.altitude_m, self.wind_height_m, clear_sky)
        return {name: float(value) for name, value in zip(NUMBERS, said, strict=True)}


_MEASURES = ("latitude_deg", "longitude_deg", "altitude_m", "wind_height_m")

NUMBERS = tuple(PREFIX + key for key in StationEntry.__struct_fields__)
"""Names of the numbers that metrics read of it."""
