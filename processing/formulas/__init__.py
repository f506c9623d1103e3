"""Formulas of key figures: numpy only, element by element; NaN is a value that does not exist."""
