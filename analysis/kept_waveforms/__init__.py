"""Waveforms that outlive the log: all around what happened, of the rest one an hour, in files by asset and day."""
