"""Durations as people write them: `100ms`, `60s`, `15m`, `25h`, `7d`, or a bare number of seconds."""

import re

_FACTOR_S = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 604_800.0,
    "": 1.0,
}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(us|ms|s|min|m|h|d|w)?")


def parse_duration(text: str) -> float:
    """A duration in seconds. Parts add up (`1h30m`). Raises ValueError saying what is accepted."""
    rest, total, parts = text.strip(), 0.0, 0
    while rest:
        match = _PATTERN.match(rest)
        if match is None or (not match[2] and (parts or match.end() < len(rest))):
            raise ValueError(f"expected a duration such as 100ms, 60s, 15m, 25h or 7d, got {text!r}")
        total += float(match[1]) * _FACTOR_S[match[2] or ""]
        rest, parts = rest[match.end() :].lstrip(), parts + 1
    if not parts:
        raise ValueError("expected a duration such as 100ms, 60s, 15m, 25h or 7d, got nothing")
    return total
