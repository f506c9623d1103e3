"""The account of rows that belong to no source that is known: all series of their line are beyond the budget."""

OVERFLOW = "__overflow__"
