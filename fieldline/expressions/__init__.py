"""Expressions over windows' columns, as `[[metric]]` states them: how they are written, what they read, their units, their values."""

from fieldline.expressions.parse import is_writable, parse
from fieldline.expressions.tree import (
    STATISTICS,
    Apply,
    Figure,
    InForce,
    Input,
    Length,
    Node,
    Number,
    Own,
    Parameter,
    Read,
    Remembered,
    Statistic,
    Term,
    inputs_of,
    own_fields_of,
    remembered_in,
)

__all__ = [
    "STATISTICS",
    "Apply",
    "Figure",
    "InForce",
    "Input",
    "Term",
    "Length",
    "Node",
    "Number",
    "Own",
    "Parameter",
    "Read",
    "Remembered",
    "Statistic",
    "inputs_of",
    "is_writable",
    "own_fields_of",
    "parse",
    "remembered_in",
]
