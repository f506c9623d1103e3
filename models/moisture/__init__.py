"""Soil moisture some days ahead: which of a probe's days count, how moisture goes on from them, judged in time order."""
