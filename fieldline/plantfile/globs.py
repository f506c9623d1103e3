"""Globs: paths and names in a plant file that stand for several."""

from fnmatch import fnmatchcase


def is_glob(name: str) -> bool:
    """Whether a path or name stands for all that match it."""
    return any(sign in name for sign in "*?[")


def matches(pattern: str, name: str) -> bool:
    """Whether a path or name is the pattern itself, or matches it as a glob."""
    return pattern == name or fnmatchcase(name, pattern)
