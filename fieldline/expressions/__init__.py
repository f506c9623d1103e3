"""Expressions over windows' columns, as `[[metric]]` states them: how they are written, what they read, their units, their values."""

from fieldline.expressions.parse import is_writable, parse
from fieldline.expressions.tree import (
    STATISTICS,
    Apply,
    Figure,
    Input,
    Length,
    Node,
    Number,
    Own,
    Parameter,
    Statistic,
    inputs_of,
    own_fields_of,
)

__all__ = [
    "STATISTICS",
    "Apply",
    "Figure",
    "Input",
    "Length",
    "Node",
    "Number",
    "Own",
    "Parameter",
    "Statistic",
    "inputs_of",
    "is_writable",
    "own_fields_of",
    "parse",
]
