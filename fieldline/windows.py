"""Names of the windows that metrics are computed over, from the shortest to the longest, then those that people decide."""

WINDOWS = ("1s", "1m", "15m", "1h", "day", "week", "month", "shift", "order")

DEFAULT = tuple(window for window in WINDOWS if window != "1s")
"""What is computed where the settings name no windows: a row a second and tag is a database many times as large."""

FOLLOWING = ("15m", "1h", "day", "week", "month")
"""Windows that follow one another and are never cut: what remembers goes through these."""

LONGEST_S = {
    **{"1s": 1.0, "1m": 60.0, "15m": 900.0, "1h": 3_600.0},
    **{"shift": 86_400.0, "day": 90_000.0, "week": 608_400.0, "month": 2_682_000.0},
}
"""How long a window may be [s]: a day, and what has days, an hour longer where clocks go back. Orders have no length."""
