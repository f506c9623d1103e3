"""A farm far from any network: a weather station, two fields, a valve and a soil probe behind a gateway that is seldom heard.

`farm/savanna/estate` lies in the north of Ghana, where the clock is UTC and the sun is high all year, so that a field dries on whatever
day the plant is switched on. Its gateway was silent for twelve days; then it delivers what it has kept, day by day, and is
heard once an hour from then on. No rain falls. The bananas were irrigated three nights ago, the pasture never, and the probe of the
bananas says one and the same since two days ago.

`declared.py` is what its farmer knows and writes into the plant file, `weather.py` what happens, `device.py` how it is told;
`evapotranspiration.py` and `balance.py` work out what must come of it, sharing nothing with the pipeline.
"""

from ingest.simulator.estate.device import estate_devices

__all__ = ["estate_devices"]
