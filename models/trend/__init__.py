"""Degradation trends: one quantity of a unit wears towards a limit, and the line through it is drawn on to there."""
