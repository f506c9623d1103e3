"""The ground that every stage stands on: plant model, units, frames, the log, settings, clock, errors and health."""

__version__ = "0.1.0"
