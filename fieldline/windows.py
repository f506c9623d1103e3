"""Names of the windows that metrics are computed over, from the shortest to the longest, then those that people decide."""

WINDOWS = ("1s", "1m", "15m", "1h", "day", "week", "month", "shift", "order")

DEFAULT = tuple(window for window in WINDOWS if window != "1s")
"""What is computed where the settings name no windows: a row a second and tag is a database many times as large."""
