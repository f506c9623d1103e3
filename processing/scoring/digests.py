"""The digest of a model's files as a number that a column of float64 holds: its first 48 bits."""

from typing import Any

DIGITS = 12
"""Hexadecimal digits of a digest that are compared."""


def digest_bits(told: Any) -> int:
    """The number of a digest in hexadecimal digits; -1 where it is none, or too short."""
    try:
        return int(told[:DIGITS], 16) if len(told) >= DIGITS else -1
    except (TypeError, ValueError):
        return -1
