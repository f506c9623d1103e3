"""What energy costs and emits in the simulated plant, by the hour (UTC)."""

import numpy as np

CURRENCY = "EUR"
DAY_PRICE = 0.28
NIGHT_PRICE = 0.17
NIGHT_HOURS = (22, 6)
"""From ten in the evening to six in the morning [h]."""
CO2_KG_PER_KWH = (
    0.34, 0.33, 0.33, 0.32, 0.33, 0.35, 0.38, 0.40, 0.39, 0.36, 0.33, 0.30,
    0.28, 0.28, 0.29, 0.32, 0.36, 0.41, 0.44, 0.45, 0.43, 0.40, 0.38, 0.36,
)  # fmt: skip
"""Emission factor of each hour, lowest when the sun is high."""


def price_of_hours() -> np.ndarray:
    """The price of each hour of a day, float64[24] [EUR/kWh]."""
    hour = np.arange(24)
    begin, end = NIGHT_HOURS
    return np.where((hour >= begin) | (hour < end), NIGHT_PRICE, DAY_PRICE)
