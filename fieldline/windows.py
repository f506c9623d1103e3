"""Names of the windows that metrics are computed over, from the shortest to the longest, then those that people decide."""

WINDOWS = ("1s", "1m", "15m", "1h", "day", "week", "month", "shift", "order")
