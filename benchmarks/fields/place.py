"""Where the station of a folder stands: that of the published data, but for what the command line says."""

from typing import NamedTuple


class Station(NamedTuple):
    """zone_h : the station's standard time, hours from UTC; clear_sky : see `StationEntry`."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float
    wind_height_m: float
    zone_h: int
    clear_sky: str = "altitude"

    @property
    def zone_s(self) -> float:
        """What local midnight is later than that of UTC [s]."""
        return -3600.0 * self.zone_h

    def plant(self, path: str = "farm/weather") -> str:
        """A plant file of the station alone."""
        return f"""
[[site]]
path = "farm"
line_depth = 1
time_zone = "Etc/GMT{-self.zone_h:+d}"
[[asset]]
path = "{path}"
[asset.station]
latitude_deg = {self.latitude_deg}
longitude_deg = {self.longitude_deg}
altitude_m = {self.altitude_m}
wind_height_m = {self.wind_height_m}
clear_sky = "{self.clear_sky}"
"""


FALLON = Station(39.4575, -118.77388, 1208.5, 3.0, -8, "vapour")
MARICOPA = Station(33.069, -111.972, 361.0, 3.0, -7)
